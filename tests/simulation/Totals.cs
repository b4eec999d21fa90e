namespace Pipeline.Tests.Simulation;

/// <summary>What happened in schedules: shows that a run met what it is for.</summary>
internal sealed class Totals
{
    public long Captures, Snapshots, Commits, Conflicts, Gaps, Fences, Kills, Zombies, Rollbacks, Rewrites, LostRewrites, OrphanedSegments,
        PushRetries, Faults, Acknowledged, Rows, Forks, Named, Steps,
        Fed, Published, Delivered, SetAsides, Rebalances, Recreations, Growths, Truncations, Resets, Repairs, Repaired, Restores,
            Compactions, Harms, HarmsNamed, HarmsAllowed, Harmed, Forged;

    public SortedDictionary<string, long> Seals { get; } = new(StringComparer.Ordinal);

    /// <summary>In how many schedules each kind of actor was at work.</summary>
    public SortedDictionary<string, long> Actors { get; } = new(StringComparer.Ordinal);

    /// <summary>Of one schedule: the hash of every name and every object of both stores at its end.</summary>
    public string Digest { get; set; } = "";

    public void Met(string? actor)
    {
        if (actor is not null)
        {
            Actors[actor] = Actors.GetValueOrDefault(actor) + 1;
        }
    }

    public void Add(Totals other)
    {
        foreach (var (actor, count) in other.Actors)
        {
            Actors[actor] = Actors.GetValueOrDefault(actor) + count;
        }
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
