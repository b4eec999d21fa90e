using System.Runtime.CompilerServices;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// What a block of lines became: records in line order, and rejections. Lines = records + rejections + duplicates, always.
/// For reuse between blocks: <see cref="Clear"/> keeps the buffers. Of one thread at a time.
/// </summary>
public sealed class ParsedLines
{
    private readonly Utf8Column _xenCenterIp, _version, _agentIp, _prefix;
    private readonly long[] _rules = new long[RuleTable.All.Count];
    private long _line = -1;

    /// <exception cref="PipelineException">A contract declares other fields than the minimiser fills.</exception>
    public ParsedLines(Contract xencenter, Contract agent)
    {
        XenCenter = new Columns(xencenter);
        Agent = new Columns(agent);
        (_xenCenterIp, _version) = Pair(XenCenter, "client_ip", "xencenter_version");
        (_agentIp, _prefix) = Pair(Agent, "client_ip", "vm_uuid_prefix");
        if (_prefix.Required)
        {
            throw new ConfigurationException(
                $"contract '{agent.Dataset}': 'vm_uuid_prefix' is required, but agents may leave their id out; declare it with " +
                $"required: false");
        }
    }

    /// <summary>Rows of `xencenter-checks`.</summary>
    public Columns XenCenter { get; }

    /// <summary>Rows of `agent-updates`.</summary>
    public Columns Agent { get; }

    /// <summary>Data lines; directives are not lines, and the elements of a JSON envelope are lines each (rule 29).</summary>
    public long Lines { get; private set; }

    public RejectionRuns Rejections { get; } = new();

    /// <summary>Rejected lines that were well-formed, by the place of their rule in <see cref="RuleTable"/>. Their sum is that of the
    /// reasons from <see cref="Reason.OtherPath"/> on.</summary>
    public ReadOnlySpan<long> Rules => _rules;

    /// <summary>Of clients that no rule knows: lines by the shape of their agent string.</summary>
    public ShapeCounts AgentShapes { get; } = new();

    /// <summary>Of paths that no rule knows: lines by their shape.</summary>
    public ShapeCounts PathShapes { get; } = new();

    /// <summary>Lines of one request that another line stands for (rule 31), by rule.</summary>
    public SortedDictionary<string, long> Duplicates { get; } = new(StringComparer.Ordinal);

    /// <summary>Agent requests whose `id` was malformed; their prefix is absent (rule 30).</summary>
    public long BadIds { get; internal set; }

    /// <summary>Agent requests that sent their whole UUID, which was cut to four characters.</summary>
    public long LongIds { get; internal set; }

    public void Clear()
    {
        XenCenter.Clear();
        Agent.Clear();
        Rejections.Clear();
        Duplicates.Clear();
        AgentShapes.Clear();
        PathShapes.Clear();
        Array.Clear(_rules);
        Lines = BadIds = LongIds = 0;
        _line = -1;
    }

    /// <summary>The next physical line begins: a directive, a data line, or an envelope of several.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void NextLine() => _line++;

    internal void Reject(Reason reason)
    {
        Lines++;
        Rejections.Add(reason, _line);
    }

    /// <summary>A well-formed line, of this rule.</summary>
    internal void Reject(Reason reason, int rule, scoped ReadOnlySpan<byte> unknown)
    {
        Reject(reason);
        _rules[rule]++;
        switch (RuleTable.All[rule].Shape)
        {
            case Shaped.Agent:
                AgentShapes.Add(unknown);
                break;
            case Shaped.Path:
                PathShapes.Add(unknown);
                break;
        }
    }

    /// <summary>The line is one of several for one request, and another stands for it.</summary>
    internal void Duplicate(string rule)
    {
        Lines++;
        Duplicates[rule] = Duplicates.GetValueOrDefault(rule) + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void AddXenCenter(long micros, scoped ReadOnlySpan<byte> address, scoped ReadOnlySpan<byte> version)
    {
        Lines++;
        XenCenter.AddRow(micros);
        _xenCenterIp.Append(address);
        _version.Append(version);
    }

    /// <summary>An empty prefix is an absent one.</summary>
    internal void AddAgent(long micros, scoped ReadOnlySpan<byte> address, scoped ReadOnlySpan<byte> prefix)
    {
        Lines++;
        Agent.AddRow(micros);
        _agentIp.Append(address);
        if (prefix.IsEmpty)
        {
            _prefix.AppendAbsent();
        }
        else
        {
            _prefix.Append(prefix);
        }
    }

    private static (Utf8Column, Utf8Column) Pair(Columns columns, string first, string second)
    {
        var names = columns.Strings.Select(column => column.Name).ToArray();
        int a = Array.IndexOf(names, first), b = Array.IndexOf(names, second);
        if (names.Length != 2 || a < 0 || b < 0)
        {
            throw new ConfigurationException(
                $"contract '{columns.Contract.Dataset}' declares the strings {string.Join(", ", names)}; this version fills {first}, " +
                $"{second}: use a version that knows the others, or a contract without them");
        }
        return (columns.Strings[a], columns.Strings[b]);
    }
}
