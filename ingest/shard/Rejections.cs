using Pipeline.Ingest.Formats;
using Pipeline.Core;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// Why a line became no record. A line has one reason, the first check that fails in the order of these members (rule 30):
/// the line itself, then its shape, its time, whose address it has, and only then what was asked, how, and by whom.
/// </summary>
public enum Reason : byte
{
    /// <summary>No byte but the terminator. A line of blanks is not empty: it is malformed.</summary>
    Empty,

    /// <summary>More than <see cref="LineReader.MaxLine"/> bytes without its terminator.</summary>
    TooLong,

    /// <summary>Not of the format's shape: a NUL byte, a field missing or too many, no address, a request that is not `METHOD target
    /// HTTP/x`, W3C rows before a usable `#Fields`.</summary>
    Malformed,

    /// <summary>The time cannot be read, or lies outside 2010-01-01 ≤ t &lt; 2100-01-01 UTC.</summary>
    BadTime,

    /// <summary>The address that the source's `client-address` names cannot be trusted: the peer is none of the named networks, or the list
    /// names no client.</summary>
    UntrustedAddress,

    /// <summary>Neither the XenCenter update file nor the agent's list was asked for.</summary>
    OtherPath,

    /// <summary>One of the two was asked for by another method than GET.</summary>
    NotGet,

    /// <summary>The XenCenter update file, by a client without a name (XenCenter before 7.2, and scripts).</summary>
    NoAgentString,

    /// <summary>The XenCenter update file, by a client that is not XenCenter.</summary>
    OtherClient,

    /// <summary>XenCenter by its name, with a version of another shape than four numbers and the word size.</summary>
    BadVersion,
}

/// <summary>The codes of <see cref="Reason"/> in captures, outputs and metrics (rule 30).</summary>
public static class Reasons
{
    private static readonly string[] Codes = ["empty", "too-long", "malformed", "bad-time", "untrusted-address", "other-path", "not-get",
        "no-agent-string", "other-client", "bad-version"];

    /// <summary>Every reason, in the order in which the checks are made.</summary>
    public static IReadOnlyList<Reason> All { get; } = Enum.GetValues<Reason>();

    public static string Code(Reason reason) => Codes[(int)reason];

    /// <summary>What it means, as people read it: the end of "the line is rejected because …".</summary>
    public static string Meaning(Reason reason) => reason switch
    {
        Reason.Empty => "no byte but the terminator",
        Reason.TooLong => $"more than {LineReader.MaxLine} bytes",
        Reason.Malformed =>
            "not of the format's shape: a part is missing or too much, there is no address, the request is not METHOD TARGET HTTP/x, or " +
            "no #Fields was seen above",
        Reason.BadTime => "its time cannot be read, or is not from 2010 to 2100",
        Reason.UntrustedAddress =>
            "its source says where the client's address is (client-address), and what stands there cannot be trusted",
        Reason.OtherPath => "it asked for neither an update file of XenCenter nor an agents' list",
        Reason.NotGet => "it asked for one of them by another method than GET",
        Reason.NoAgentString => "it asked for XenCenter's update file without naming itself",
        Reason.OtherClient => "it asked for XenCenter's update file and is not XenCenter",
        Reason.BadVersion => "it is XenCenter by its name, and its version is not four numbers and the word size",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    /// <exception cref="PipelineException">The code is not one of rule 30.</exception>
    public static Reason Parse(string code)
    {
        var at = Array.IndexOf(Codes, code);
        return at >= 0
            ? (Reason)at
            : throw new ConfigurationException(
                $"a rejection has an unknown reason code; expected one of {string.Join(", ", Codes)}: a later version wrote it. Upgrade " +
                $"this program.");
    }
}

/// <summary>Count neighbouring physical lines that were rejected for one reason, from line FirstLine (0 is the block's first; directives
/// have numbers too).</summary>
public readonly record struct RejectionRun(Reason Reason, long FirstLine, long Count);

/// <summary>The rejections of a block in line order, as runs, so that a log of mostly foreign requests stays small. Keeps its buffer when
/// cleared.</summary>
public sealed class RejectionRuns
{
    private readonly long[] _counts = new long[Reasons.All.Count];
    private RejectionRun[] _runs = new RejectionRun[16];
    private int _length;

    /// <summary>Neighbours differ in reason, or are apart.</summary>
    public ReadOnlySpan<RejectionRun> Runs => _runs.AsSpan(0, _length);

    public long Total { get; private set; }

    public long Count(Reason reason) => _counts[(int)reason];

    /// <summary>
    /// Adds a line. The elements of a JSON envelope stand on one physical line: each is counted, and each reason stands once in the runs.
    /// </summary>
    public void Add(Reason reason, long line)
    {
        Total++;
        _counts[(int)reason]++;
        if (_length > 0)
        {
            ref var last = ref _runs[_length - 1];
            if (last.Reason == reason && line <= last.FirstLine + last.Count)
            {
                last = last with { Count = Math.Max(last.Count, line - last.FirstLine + 1) };
                return;
            }
        }
        if (_length == _runs.Length)
        {
            Array.Resize(ref _runs, _length * 2);
        }
        _runs[_length++] = new RejectionRun(reason, line, 1);
    }

    public void Clear()
    {
        _length = 0;
        Total = 0;
        Array.Clear(_counts);
    }
}
