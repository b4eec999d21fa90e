using Pipeline.Core.Captures;

namespace Pipeline.Core.Table.Fold;

/// <summary>
/// An entry of another engine that says it is a RESTORE, after which the live files are exactly those of an earlier version: what was
/// committed in between is no longer in the table, though the log still lists it
/// and what is shipped did not move back (a restore by an appended commit, rule 21).
/// </summary>
public sealed record TableRestore(long Entry, long To, string Writer)
{
    public bool Undoes(long version) => version > To && version < Entry;

    /// <summary>Those that hold: a restore that a later one took back does not.</summary>
    public static IReadOnlyList<TableRestore> InForce(IReadOnlyList<TableRestore> all)
    {
        var force = new List<TableRestore>();
        foreach (var restore in all.Reverse())
        {
            if (!force.Any(later => later.Undoes(restore.Entry)))
            {
                force.Insert(0, restore);
            }
        }
        return force;
    }
}

/// <summary>Captures whose commit was taken back.</summary>
public sealed record UndoneRange(CaptureRange Range, Tally Tally, TableRestore By);
