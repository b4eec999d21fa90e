using System.Text;
using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// A message → what it is to us. A message may be anybody's: it is taken only where it is a capture of our store (rule 9), under our key (rule 28), whole, on its own shard's key.
/// Everything else is set aside with a reason, except a capture of a version that this program does not know, which stops it (docs/storage-format.md). Pure.
/// </summary>
public sealed class MessageReader(string storeId, string keyId)
{
    public FeedEvent Read(FeedPosition position, ReadOnlySpan<byte> key, byte[]? value)
    {
        if (value is null || value.Length < 9 || !value.AsSpan().StartsWith("CAPTURE"u8))
        {
            return new FeedEvent.SetAside(position, SetAsideReason.Unparsable);
        }
        CaptureHeader header;
        try
        {
            header = CaptureFile.DecodeHeader(value, position.ToString());
        }
        catch (InvalidDataException)
        {
            return new FeedEvent.SetAside(position, SetAsideReason.Unparsable);
        }
        catch (PipelineException later)
        {
            return IsForeign(value) ? new FeedEvent.SetAside(position, SetAsideReason.ForeignStore) : new FeedEvent.Stopped(later);
        }
        if (header.Store != storeId)
        {
            return new FeedEvent.SetAside(position, SetAsideReason.ForeignStore);
        }
        if (header.KeyId != keyId)
        {
            return new FeedEvent.SetAside(position, SetAsideReason.ForeignKey);
        }
        if (!CaptureNames.IsName(header.Shard) || header.Number < 0 || header.Frames.Any(f => f.Offset < 0 || f.Length < 0 || f.Offset + f.Length > value.Length)
            || header.Frames.Select(f => f.Dataset).Distinct().Count() != header.Frames.Count || header.Links.Values.Any(link => link.Number >= header.Number))
        {
            return new FeedEvent.SetAside(position, SetAsideReason.Unparsable);
        }
        return key.SequenceEqual(Encoding.UTF8.GetBytes(header.Shard))
            ? new FeedEvent.Arrived(position, new Capture(new Link(header.Number, Sha256.Of(value)), header, value))
            : new FeedEvent.SetAside(position, SetAsideReason.WrongKey);
    }

    /// <summary>Whether a capture of a later version says that it is of another store. Of a later format, whose store is not known, it does not.</summary>
    private bool IsForeign(byte[] value)
    {
        if (value[7] != '1')
        {
            return false;
        }
        try
        {
            using var json = JsonDocument.Parse(value.AsMemory()[13..CaptureFile.HeaderLength(value, "")]);
            return !(json.RootElement.TryGetProperty("store", out var store) && store.ValueKind == JsonValueKind.String && store.ValueEquals(storeId));
        }
        catch (JsonException)
        {
            return true;
        }
    }
}
