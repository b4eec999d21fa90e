using Pipeline.Core.Captures;
using Pipeline.Core.Table;

namespace Pipeline.Shipper.Tables;

/// <summary>What a table does with a capture that has records of it (rule 11).</summary>
public enum IntakeCase
{
    /// <summary>It has them: drop.</summary>
    Have,
    /// <summary>It is the next: take.</summary>
    Take,
    /// <summary>One before it is missing: read the capture store first.</summary>
    Gap,
    /// <summary>Both cannot be true.</summary>
    Fork,
}

/// <summary>The four cases. Pure; nothing else decides.</summary>
public static class Intake
{
    /// <param name="offered">The capture that has a frame of the table's dataset.</param>
    /// <param name="before">The shard's previous capture with a frame of it, as the offered one says.</param>
    /// <param name="taken">The last capture taken: shipped, or the end of the run in memory. Null: none ever.</param>
    public static IntakeCase Decide(Link offered, Link? before, ShippedLink? taken)
    {
        if (taken is { } t && (offered.Number < t.Number || t.Matches(offered)))
        {
            return IntakeCase.Have;
        }
        if (before is null && taken is null || before is { } b && taken is { } at && at.Matches(b))
        {
            return IntakeCase.Take;
        }
        if (before is { } last && (taken is null || last.Number > taken.Value.Number))
        {
            return IntakeCase.Gap;
        }
        return IntakeCase.Fork;
    }

    /// <summary>Rule 12: the newest capture of a shard that has records of the dataset may not lie below what is shipped.</summary>
    /// <param name="newest">That capture, by the shard's head; null where there is none or the shard is gone.</param>
    public static bool HeadIsBelow(Link? newest, ShippedLink? shipped) =>
        shipped is { } s && (newest is not { } n || n.Number < s.Number || n.Number == s.Number && !s.Matches(n));
}
