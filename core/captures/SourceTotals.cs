using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>Notes that tell of a possible loss, which no record shows: counted per source, shown by `status` and `verify`.</summary>
public static class LossNotes
{
    /// <summary>A push was refused for its number (rule 32).</summary>
    public const string PushGap = "push-gap";

    /// <summary>A push came under a sequence that another body has: its client may have lost its counter, and these lines with it (rule
    /// 32).</summary>
    public const string PushOtherBody = "push-other-body";

    /// <summary>A file was shortened in place: what it held beyond its cursor may be gone (rule 34).</summary>
    public const string Truncated = "truncated";

    /// <summary>A stretch of a file that was captured was changed in place: lines that were put into it are not captured (rule
    /// 34).</summary>
    public const string Edited = "edited";

    public static IReadOnlyList<string> All { get; } = [PushGap, PushOtherBody, Truncated, Edited];
}

/// <summary>A source's totals since its first capture.</summary>
public sealed record SourceTotals
{
    public long Lines { get; init; }
    public long Duplicates { get; init; }
    /// <summary>The same by rule; absent where there are none.</summary>
    public SortedDictionary<string, long>? DuplicateRules { get; init; }
    /// <summary>Rejections that a redrive made records of, by the reason they had; <see cref="Rejected"/> is net of them. Absent where
    /// there are none.</summary>
    public SortedDictionary<string, long>? Redriven { get; init; }
    /// <summary>Pushes without a key.</summary>
    public long Unkeyed { get; init; }
    public SortedDictionary<string, long> Rejected { get; init; } = [];
    public SortedDictionary<string, long> Notes { get; init; } = [];

    /// <summary>These totals and one more read.</summary>
    internal SourceTotals With(ReadEntry read) => new()
    {
        Lines = Lines + read.Lines,
        Duplicates = Duplicates + read.Duplicates,
        DuplicateRules = AddSome(DuplicateRules, read.DuplicateRules),
        Redriven = AddSome(Redriven, read.Redriven),
        Unkeyed = Unkeyed + (read.IsUnkeyedPush ? 1 : 0),
        Rejected = Add(Rejected, read.Rejected),
        Notes = Add(Notes, read.Notes),
    };

    private static SortedDictionary<string, long>? AddSome(SortedDictionary<string, long>? a, SortedDictionary<string, long>? b) =>
        a is null && b is null ? null : Add(a ?? new(StringComparer.Ordinal), b);

    private static SortedDictionary<string, long> Add(SortedDictionary<string, long> a, SortedDictionary<string, long>? b)
    {
        if (b is null or { Count: 0 })
        {
            return a;
        }
        var sum = new SortedDictionary<string, long>(a, StringComparer.Ordinal);
        foreach (var (key, value) in b)
        {
            sum[key] = sum.GetValueOrDefault(key) + value;
            if (sum[key] == 0)
            {
                sum.Remove(key);
            }
        }
        return sum;
    }
}


/// <summary>A dataset's totals in a shard, and the newest capture that has a frame of it.</summary>
public sealed record DatasetTotals(Link Last, long Frames, long Rows, string Sum)
{
    [JsonIgnore]
    public Sums Sums => Records.Sums.Parse(Rows, Sum);
}
