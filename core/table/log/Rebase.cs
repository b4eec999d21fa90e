namespace Pipeline.Core.Table.Log;

/// <summary>Whether a draft still holds over the entries that came between (rule 19).</summary>
public abstract record RebaseDecision
{
    private RebaseDecision()
    {
    }

    /// <summary>Everything that the draft read is as it was.</summary>
    public sealed record Proceed : RebaseDecision;

    /// <summary>Another commit shipped these shards' captures, or the caller's state was older than it believed: offer every frame again
    /// (rule 17).</summary>
    public sealed record ShippedMoved(IReadOnlyList<string> Shards) : RebaseDecision;

    /// <summary>These files are no longer live: what was made of them must be made anew.</summary>
    public sealed record InputGone(IReadOnlyList<string> Paths) : RebaseDecision;

    /// <summary>The table is no longer the one that the draft was made for.</summary>
    public sealed record Refused(string Reason) : RebaseDecision;
}

/// <summary>Decides whether a draft may take the next slot. Pure.</summary>
public static class Rebase
{
    /// <summary>
    /// <paramref name="before"/> is the state that the caller knew; <paramref name="between"/> the entries above it, in order, all of them.
    /// </summary>
    public static RebaseDecision Decide(CommitDraft draft, TableState before, IReadOnlyList<TableCommit> between)
    {
        if (between.FirstOrDefault(entry => Changes(entry, before)) is { } changing)
        {
            return new RebaseDecision.Refused($"entry {changing.Version} changed the table's metadata or protocol");
        }
        var moved = draft.ReadShipped.Where(read => ShippedAfter(read.Key, before, between) != read.Value).Select(read => read.Key)
            .ToList();
        if (draft.Kind == CommitKind.Repair)
        {
            // What a repair may bring follows from what the log lists: another repair, or an entry that took rows away, may have changed
            // that.
            moved.AddRange(draft.Shards.Select(shard => shard.Shard).Distinct().Where(shard => !moved.Contains(shard)
                && between.Any(entry => entry.Kind == CommitKind.Repair && entry.Shards.Any(m => m.Shard == shard) || entry.Foreign
                    && entry.DataChange)));
        }
        if (moved.Count > 0)
        {
            return new RebaseDecision.ShippedMoved(moved);
        }
        var removed = between.SelectMany(entry => entry.Removed).Select(file => file.Path).ToHashSet();
        if (draft.Withdraws is { } withdraws && between.Any(entry => entry.Txn.ContainsKey(TableNames.TxnWithdrawn + withdraws.Shard)))
        {
            // Another process carried it out. Its rows may have gone from other files: equal rows are not told apart.
            return new RebaseDecision.InputGone([.. draft.Remove.Select(file => file.Path)]);
        }
        var gone = draft.Remove.Where(file => !before.Files.ContainsKey(file.Path) || removed.Contains(file.Path)).Select(file => file.Path)
            .ToList();
        if (gone.Count > 0)
        {
            return new RebaseDecision.InputGone(gone);
        }
        var live = between.SelectMany(entry => entry.Added).Select(file => file.Path).ToHashSet();
        return draft.Add.FirstOrDefault(file => before.Files.ContainsKey(file.Path) || live.Contains(file.Path)) is { } taken
            ? new RebaseDecision.Refused($"the file {taken.Path} is already in the table")
            : new RebaseDecision.Proceed();
    }

    private static ShippedLink? ShippedAfter(string shard, TableState before, IReadOnlyList<TableCommit> between)
    {
        for (var i = between.Count - 1; i >= 0; i--)
        {
            if (between[i].Shipped.TryGetValue(shard, out var link))
            {
                return link;
            }
        }
        return before.Shipped.TryGetValue(shard, out var known) ? known : null;
    }

    /// <summary>A withdrawal lowers and sets `appendOnly`, which nothing that appends or rearranges depends on.</summary>
    private static bool Changes(TableCommit entry, TableState before) => entry.Kind != CommitKind.Withdraw && (
        entry.Protocol is { } protocol && protocol != before.Protocol || entry.Metadata is { } metadata
            && !TableGuard.Same(metadata, before.Metadata));
}
