using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Processor.Status;

/// <summary>Reads a capture's beginning: its header, and where asked for the runs of rejected lines, which lie first among the blocks.
/// Never its frames.</summary>
internal static class Headers
{
    private const int FirstRead = 64 * 1024;

    /// <summary>Null where the name is free.</summary>
    public static async Task<CaptureHeader?> ReadAsync(CaptureStore captures, string shard, long number, CancellationToken cancel)
    {
        var name = CaptureNames.Capture(shard, number);
        if (await captures.Store.ReadRangeAsync(name, 0, FirstRead, cancel) is not { } bytes)
        {
            return null;
        }
        try
        {
            var length = CaptureFile.HeaderLength(bytes, name);
            if (length > bytes.Length && await captures.Store.ReadRangeAsync(name, 0, length, cancel) is { } whole)
            {
                bytes = whole;
            }
            return captures.DecodeHeader(shard, number, bytes, name);
        }
        catch (InvalidDataException e)
        {
            throw new CorruptException(name, "it is no capture, or its header is damaged", $"{captures.Store.Location}: {e.Message}", e);
        }
    }

    /// <summary>The runs of rejected lines of this capture.</summary>
    public static async Task<IReadOnlyList<RejectedLines>> RejectedAsync(CaptureStore captures, CaptureHeader header,
        CancellationToken cancel)
    {
        if (header.Rejections is not { } range)
        {
            return [];
        }
        var name = CaptureNames.Capture(header.Shard, header.Number);
        var block = await captures.Store.ReadRangeAsync(name, range.Offset, range.Length, cancel);
        try
        {
            return RejectionBlock.Decode(block?.Length == range.Length ? block
                : throw new InvalidDataException(
                $"its rejection runs claim {range.Length} bytes at {range.Offset}, found {block?.Length ?? 0}."));
        }
        catch (InvalidDataException e)
        {
            throw new DifferenceException($"{captures.Store.Location}: {name}: {e.Message} Restore the capture.", e);
        }
    }

    /// <summary>Every header that stands, of every shard, in order, and what the store says of its capture.</summary>
    /// <param name="broken">Hears of headers that cannot be read, which are passed over; null: the first ends it.</param>
    public static async IAsyncEnumerable<(ObjectInfo Found, CaptureHeader Header)> AllAsync(CaptureStore captures, Action<string>? broken,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            await foreach (var found in captures.Store.ListAsync($"{CaptureNames.CapturesFolder}{shard}/", null, cancel))
            {
                if (CaptureNames.NumberOf(found.Name) is not { } number)
                {
                    continue;
                }
                CaptureHeader? header = null;
                try
                {
                    header = await ReadAsync(captures, shard, number, cancel);
                }
                catch (DifferenceException e) when (broken is not null)
                {
                    broken(e.Message);
                }
                if (header is not null)
                {
                    yield return (found, header);
                }
            }
        }
    }
}
