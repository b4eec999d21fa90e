using System.Runtime.CompilerServices;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// The `common` log format: `address ident user [time] "request" status bytes`, and nothing behind it. It has no agent, so every check of XenCenter is `no-agent-string`; agents' requests are told by what they ask for.
/// A line with more is malformed: it is of another format, whose agent would be lost. It takes no part in detection, because `combined` takes its lines too.
/// </summary>
public sealed class CommonFormat : ILineFormat
{
    public string Name => "common";

    public bool IsDirective(ReadOnlySpan<byte> line) => false;

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<byte> scratch = stackalloc byte[ClientAddress.MaxLength];
        var clock = new LogClock();
        var lines = new LineReader(block);
        scoped Request request;
        while (lines.Next(out var line))
        {
            request = default;
            into.NextLine();
            if (lines.Refuses(line, out var reason) || !TryRead(line, scratch, ref clock, ref request, out reason))
            {
                into.Reject(reason);
                continue;
            }
            Minimiser.Take(request, into);
        }
        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryRead(ReadOnlySpan<byte> line, Span<byte> scratch, scoped ref LogClock clock, scoped ref Request request, out Reason reason)
    {
        reason = Reason.Malformed;
        if (!LogLine.TryHead(line, scratch, ref clock, ref request, out var timely, out var rest) || !LogLine.TryStatusAndBytes(ref rest) || !rest.IsEmpty)
        {
            return false;
        }
        reason = Reason.BadTime;
        return timely;
    }
}
