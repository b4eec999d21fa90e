using System.Text;
using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Shipper.Events;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// A message → what it is to us. Anybody may have written it: it is taken only where it is a capture of our store, made under our key (its
/// code and the hash of its blocks say so),
/// whole, on its own shard's key. Everything else is set aside with a reason, later versions and 0.1.0's captures among it: nothing is
/// concluded from a message,
/// and catch-up meets the same capture in the store. Pure.
/// </summary>
public sealed class MessageReader(string storeId, CaptureKey key)
{
    public FeedEvent Read(FeedPosition position, ReadOnlySpan<byte> messageKey, byte[]? value)
    {
        if (value is null)
        {
            return new FeedEvent.SetAside(position, SetAsideReason.Unparsable);
        }
        try
        {
            var header = CaptureFile.DecodeHeader(value, position.ToString());
            return Refuse(header, messageKey, value) is { } reason ? new FeedEvent.SetAside(position, reason)
                : new FeedEvent.Arrived(position, new Capture(new Link(header.Number, Sha256.Of(value)), header, value));
        }
        catch (Exception e) when (e is InvalidDataException or ConfigurationException)
        {
            return new FeedEvent.SetAside(position, e is InvalidDataException ? SetAsideReason.Unparsable : SetAsideReason.LaterVersion);
        }
    }

    private string? Refuse(CaptureHeader header, ReadOnlySpan<byte> messageKey, byte[] value) =>
        header.Store != storeId ? SetAsideReason.ForeignStore
        : header.KeyId != key.KeyId ? SetAsideReason.ForeignKey
        : !CaptureFile.IsAuthentic(value, key) ? SetAsideReason.Unauthenticated
        : CaptureFile.LengthOf(header, value, "") != value.Length || !CaptureFile.HasBody(header, value, "") ? SetAsideReason.Damaged
        : !messageKey.SequenceEqual(Encoding.UTF8.GetBytes(header.Shard)) ? SetAsideReason.WrongKey
        : null;
}
