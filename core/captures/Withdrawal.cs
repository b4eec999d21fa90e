using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// Captures of a shard whose records are taken out of the tables again (rule 36). It stands as a read in a later capture of the shard,
/// which is its receipt.
/// </summary>
public sealed record Withdrawal
{
    /// <summary>Rising and apart, all below the capture that holds this.</summary>
    public required IReadOnlyList<CaptureRange> Captures { get; init; }

    /// <summary>Dataset → the rows of these captures and the sum of their hashes. A dataset without rows is absent.</summary>
    public required SortedDictionary<string, DaySums> Records { get; init; }

    /// <summary>Identities of files that were read in these captures and in no others: their cursors are dropped, so that they may be read
    /// again. Absent where <see cref="Whole"/> says all.</summary>
    public IReadOnlyList<string>? Forgets { get; init; }

    /// <summary>Everything that the source brought is withdrawn: every cursor of its files is dropped.</summary>
    public bool? Whole { get; init; }

    public bool Holds(long number) => Captures.Any(range => range.Contains(number));

    /// <summary>What is wrong with it whatever its shard holds; null where nothing is.</summary>
    internal string? Fault(long number)
    {
        var next = 0L;
        foreach (var range in Captures)
        {
            if (range.From < next || range.To < range.From || range.To >= number)
            {
                return $"captures {range}, expected ranges that rise and end below it";
            }
            next = range.To + 1;
        }
        return Captures.Count == 0 ? "no capture" : Records.Values.Any(sums => sums.Rows < 1) ? "a dataset without rows" : null;
    }
}

/// <summary>A withdrawal as a shard's state keeps it.</summary>
/// <param name="Capture">The capture that is its receipt.</param>
public sealed record Withdrawn(long Capture, IReadOnlyList<CaptureRange> Captures, SortedDictionary<string, DaySums> Records)
{
    /// <summary>Whether all that the source had brought by then was withdrawn.</summary>
    public bool? Whole { get; init; }

    /// <summary>Cold pages that there were: they are not asked any more for what the withdrawal dropped. Absent where there was
    /// none.</summary>
    public long? Pages { get; init; }

    /// <summary>As <see cref="Withdrawal.Forgets"/>, where there were cold pages.</summary>
    public IReadOnlyList<string>? Forgets { get; init; }

    public bool Holds(long number) => Captures.Any(range => range.Contains(number));

    /// <summary>Whether this cold page's entry of this file does not count any more.</summary>
    public bool Hides(string identity, long page) => page < Pages && (Whole == true || Forgets?.Contains(identity) == true);

    [JsonIgnore]
    public long Rows => Records.Values.Sum(sums => sums.Rows);
}
