using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Compaction;

/// <summary>Whether a segment that no commit ever named can still be named by one (rule 23). Pure.</summary>
public static class OrphanProof
{
    /// <summary>
    /// Why no commit can ever add the segment; null where one may. It holds for ever once it holds, because what is shipped only grows and
    /// a file that was taken out does not make a
    /// draft good that removes it: whoever wrote the segment reads the entries between (rule 19), however late it wakes.
    /// </summary>
    /// <param name="label">What the segment says of itself; null: nothing can be proven.</param>
    /// <param name="state">A state in which the segment is not live, read after the segment was seen in the store.</param>
    public static string? Of(SegmentLabel? label, TableState state)
    {
        if (label is null || label.Store != state.Store || label.KeyId != state.KeyId)
        {
            return null;
        }
        if (label.Inputs is { Count: > 0 } inputs)
        {
            return inputs.FirstOrDefault(path => !state.Files.ContainsKey(path)) is { } gone ? $"its input {gone} is no longer live" : null;
        }
        // A shipment moves all its shards from below the range to its end: past the beginning of one, it cannot land.
        foreach (var range in label.Shards)
        {
            if (state.Shipped.TryGetValue(range.Shard, out var shipped) && shipped.Number >= range.From)
            {
                return $"shard {range.Shard} is shipped up to {shipped.Number} without it, its range is {range.From} to {range.To}";
            }
        }
        return null;
    }
}
