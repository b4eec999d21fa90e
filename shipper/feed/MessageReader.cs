using System.Text;
using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Shipper;

/// <summary>
/// A message → what it is to us. A message may be anybody's: it is taken only where it is a capture of our store (rule 9), under our key (rule 28), whole, on its own shard's key.
/// Everything else is set aside with a reason, except a capture of a version that this program does not know, which stops it (PROTOCOL F). Pure.
/// </summary>
public sealed class MessageReader(string storeId, string kid)
{
    public FeedEvent Read(FeedPosition position, ReadOnlySpan<byte> key, byte[]? value)
    {
        if (value is null || value.Length < 9 || !value.AsSpan().StartsWith("CAPTURE"u8))
        {
            return new FeedEvent.SetAside(position, SetAsideReason.Unparsable);
        }
        if (value[8] == '\n' && value[7] is > (byte)'1' and <= (byte)'9')
        {
            return Upgrade(position, $"it is of format {(char)value[7]}");
        }
        CaptureHeader header;
        try
        {
            header = CaptureFile.DecodeHeader(value, position.ToString());
        }
        catch (InvalidDataException)
        {
            return Newer(value) is { } version ? Upgrade(position, $"it is of version {version}, this program knows up to {CaptureHeader.CurrentVersion}") : new FeedEvent.SetAside(position, SetAsideReason.Unparsable);
        }
        if (header.Store != storeId)
        {
            return new FeedEvent.SetAside(position, SetAsideReason.ForeignStore);
        }
        if (header.Kid != kid)
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

    /// <summary>The version, where a capture of our store says that it is of a later one. A later version may have any other member: only these two are looked at.</summary>
    private long? Newer(byte[] value)
    {
        try
        {
            var length = CaptureFile.HeaderLength(value, "");
            using var json = JsonDocument.Parse(value.AsMemory()[13..Math.Min(length, value.Length)]);
            return json.RootElement.TryGetProperty("version", out var version) && version.TryGetInt64(out var number) && number > CaptureHeader.CurrentVersion
                && json.RootElement.TryGetProperty("store", out var store) && store.ValueKind == JsonValueKind.String && store.ValueEquals(storeId) ? number : null;
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static FeedEvent.Stopped Upgrade(FeedPosition position, string found) => new(new PipelineException(ExitCode.Failed,
        $"{position}: a capture that this program cannot read: {found}. Upgrade this program: shippers are upgraded first. Nothing was skipped."));
}
