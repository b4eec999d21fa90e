using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Shipper.Seal;

/// <summary>Whether one frame holds what its capture declares of it, by decoding and hashing all of it.</summary>
internal static class FrameFault
{
    /// <summary>Null where it does; else the capture that is damaged.</summary>
    public static CorruptException? Of(Contract contract, TakenFrame frame, RowHash hash)
    {
        var sums = new SortedDictionary<UtcDay, Sums>();
        try
        {
            foreach (var batch in FrameDecoder.Decode(contract, frame.Bytes, frame.Rows))
            {
                hash.AddByDay(batch, sums);
            }
        }
        catch (InvalidDataException e)
        {
            return Damaged(contract, frame, e.Message);
        }
        return sums.Select(day => (day.Key, day.Value)).SequenceEqual(frame.Dates) ? null
            : Damaged(contract, frame, "its rows are not those that its sums declare");
    }

    private static CorruptException Damaged(Contract contract, TakenFrame frame, string why)
    {
        var name = CaptureNames.Capture(frame.Shard, frame.Link.Number);
        return new CorruptException(name, $"its frame of {contract.Dataset}: {why}",
            $"shard {frame.Shard}: {name} is damaged: its frame of {contract.Dataset}: {why}. Nothing of it was committed; "
            + "restore it from a copy (docs/runbooks/disaster.md).");
    }
}
