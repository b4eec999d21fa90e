using Pipeline.Core;

namespace Pipeline.Cli.Telemetry;

/// <summary>A shard that this process hosts no more, and the fault that stopped it. The other shards go on.</summary>
internal sealed record StoppedShard(string Name, string Reason, PipelineException Fault)
{
    public const string Fork = "fork", Corrupt = "corrupt", Fenced = "fenced", Locked = "locked";

    /// <summary>The values of <see cref="Reason"/>, the gravest first: the process ends with the exit code of the gravest.</summary>
    public static IReadOnlyList<string> Reasons { get; } = [Fork, Corrupt, Fenced, Locked];

    /// <summary>The one whose exit code counts; null where there is none.</summary>
    public static StoppedShard? Gravest(IEnumerable<StoppedShard> stopped) =>
        stopped.OrderBy(s => Reasons.ToList().IndexOf(s.Reason)).ThenBy(s => s.Name, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>Null: the fault is not of one shard alone, so it stops the process.</summary>
    public static StoppedShard? Of(string name, Exception fault) => fault switch
    {
        CorruptException e => new(name, Corrupt, e),
        DifferenceException e => new(name, Fork, e),
        FencedException e => new(name, Fenced, e),
        // Only the lock of a source throws it.
        OutageException e => new(name, Locked, e),
        _ => null,
    };
}
