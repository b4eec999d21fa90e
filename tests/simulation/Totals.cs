namespace Pipeline.Tests.Simulation;

/// <summary>What happened in schedules: shows that a run met what it is for.</summary>
internal sealed class Totals
{
    public long Captures, Snapshots, Commits, Conflicts, Gaps, Fences, Kills, Zombies, Rollbacks, Rewrites, LostRewrites, OrphanedSegments,
        PushRetries, Faults, Acknowledged, Rows, Forks, Named, Steps,
        Fed, Published, Delivered, SetAsides, Rebalances, Recreations, Growths, Truncations, Resets, Repairs, Repaired, Restores,
            Compactions;

    public SortedDictionary<string, long> Seals { get; } = new(StringComparer.Ordinal);

    public void Add(Totals other)
    {
        foreach (var field in typeof(Totals).GetFields())
        {
            field.SetValue(this, (long)field.GetValue(this)! + (long)field.GetValue(other)!);
        }
        foreach (var (reason, count) in other.Seals)
        {
            Seals[reason] = Seals.GetValueOrDefault(reason) + count;
        }
    }

    public override string ToString() => string.Join(", ", typeof(Totals).GetFields()
        .Select(field => $"{field.Name.ToLowerInvariant()} {field.GetValue(this)}"))
        + "; seals " + string.Join(", ", Seals.Select(s => $"{s.Key} {s.Value}"));
}
