namespace Pipeline.Shipper.Seal;

/// <summary>When the frames in memory become segments and a commit.</summary>
/// <param name="Bytes">A table is sealed when its frames reach this. Bytes; 1 MiB to 256 MiB. Larger: fewer, larger segments, more
/// memory.</param>
/// <param name="Age">A table is sealed when its oldest frame is this old, on a monotonic clock. 1 s to 1 h. Shorter: fresher, more log
/// entries (one a minute is 5 M in ten years).</param>
/// <param name="Budget">The most bytes of frames in memory, all tables together. At it the largest table is sealed, whatever its size. Not
/// below <paramref name="Bytes"/>.</param>
public sealed record SealPolicy(long Bytes = 64 << 20, TimeSpan? Age = null, long Budget = 64 << 20)
{
    public static readonly TimeSpan DefaultAge = TimeSpan.FromMinutes(5);

    public TimeSpan MaxAge => Age ?? DefaultAge;

    /// <summary>Why a table is sealed now, or null. Pure.</summary>
    /// <param name="table">Bytes of this table's frames.</param>
    /// <param name="all">Bytes of every table's frames.</param>
    /// <param name="largest">Whether no table has more.</param>
    /// <param name="oldest">The age of this table's oldest frame.</param>
    public string? Decide(long table, long all, bool largest, TimeSpan oldest)
    {
        if (table == 0)
        {
            return null;
        }
        if (table >= Bytes)
        {
            return SealReason.Size;
        }
        if (all >= Budget && largest)
        {
            return SealReason.Budget;
        }
        return oldest >= MaxAge ? SealReason.Age : null;
    }
}

/// <summary>Why a seal was made: recorded in its commit.</summary>
public static class SealReason
{
    public const string Size = "size", Budget = "budget", Age = "age", Start = "start", Final = "final", Stop = "stop";
}
