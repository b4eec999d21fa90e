using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// A cold page's bytes (docs/storage-format.md): `{"mac":"CODE","index":"BASE64","entries":{…}}`. CODE authenticates all that follows it;
/// the index is read without the entries.
/// </summary>
public static class ColdFile
{
    private static ReadOnlySpan<byte> Start => "{\"mac\":\""u8;

    private static ReadOnlySpan<byte> IndexStart => "\",\"index\":\""u8;

    private static ReadOnlySpan<byte> EntriesStart => "\",\"entries\":"u8;

    private static int BodyAt => Start.Length + 2 * CaptureKey.CodeLength;

    /// <param name="index">Of this page and those before it in its block.</param>
    public static byte[] Encode(ColdPage page, ColdIndex index, CaptureKey key)
    {
        byte[] body = [.. IndexStart, .. Encoding.ASCII.GetBytes(Convert.ToBase64String(index.ToBytes())), .. EntriesStart,
            .. page.ToJson(), .. "}"u8];
        return [.. Start, .. Encoding.ASCII.GetBytes(CodeOf(body, key)), .. body];
    }

    /// <exception cref="InvalidDataException">Not a page, or not one that was made under this key.</exception>
    public static ColdIndex DecodeIndex(ReadOnlySpan<byte> bytes, CaptureKey key)
    {
        try
        {
            var text = Authentic(bytes, key)[IndexStart.Length..];
            text = text[..text.IndexOf((byte)'"')];
            var index = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
            Base64.DecodeFromUtf8(text, index, out _, out var length);
            return ColdIndex.FromBytes(index.AsSpan(0, length));
        }
        catch (Exception e) when (e is FormatException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException("its index is not what docs/storage-format.md says", e);
        }
    }

    /// <exception cref="InvalidDataException">Not a page, or not one that was made under this key.</exception>
    /// <exception cref="ConfigurationException">Of a later version.</exception>
    public static ColdPage DecodePage(byte[] bytes, string origin, CaptureKey key)
    {
        var body = Authentic(bytes, key);
        var at = BodyAt + body.IndexOf(EntriesStart) + EntriesStart.Length;
        var json = bytes.AsMemory(at, bytes.Length - at - 1);
        try
        {
            var page = JsonSerializer.Deserialize(json.Span, SnapshotJson.Default.ColdPage);
            return page is { Files: not null, Streams: not null, Version: ColdPage.CurrentVersion } ? page
                : throw new JsonException("a member is absent, or the version is another");
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException)
        {
            throw LaterVersion.Of(json, ColdPage.CurrentVersion) is { } later
                ? LaterVersion.Stop($"cold page {origin}", $"it is of version {later}", ColdPage.CurrentVersion, e)
                : new InvalidDataException($"its entries are not what docs/storage-format.md says ({e.GetType().Name})", e);
        }
    }

    private static ReadOnlySpan<byte> Authentic(ReadOnlySpan<byte> bytes, CaptureKey key)
    {
        if (!bytes.StartsWith(Start) || bytes.Length <= BodyAt || bytes[BodyAt..] is var body && !body.StartsWith(IndexStart)
            || body.IndexOf(EntriesStart) < 0 || body[^1] != '}')
        {
            throw new InvalidDataException("it is no cold page");
        }
        return Encoding.Latin1.GetString(bytes[Start.Length..BodyAt]) == CodeOf(body, key) ? body
            : throw new InvalidDataException("its code is not that of its content under this installation's key");
    }

    private static string CodeOf(ReadOnlySpan<byte> body, CaptureKey key)
    {
        Span<byte> code = stackalloc byte[CaptureKey.CodeLength];
        key.Authenticate(body, default, code);
        return Convert.ToHexStringLower(code);
    }
}
