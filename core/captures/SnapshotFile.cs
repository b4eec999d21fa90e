using System.Text;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// A snapshot's bytes (docs/storage-format.md): the JSON of a shard's state, with a member `mac` before all others: the code of that JSON
/// without
/// it.
/// Snapshots of 0.1.0 have none and are read as they are.
/// </summary>
public static class SnapshotFile
{
    private const int CodeEnd = 8 + 2 * CaptureKey.CodeLength;

    private static ReadOnlySpan<byte> Start => "{\"mac\":\""u8;

    private static ReadOnlySpan<byte> End => "\","u8;

    public static byte[] Encode(ShardState state, CaptureKey key)
    {
        var json = state.ToJson();
        return [.. Start, .. Encoding.ASCII.GetBytes(CodeOf(json, key)), .. End, .. json.AsSpan(1)];
    }

    /// <exception cref="InvalidDataException">Not a snapshot, or not one that was made under this key.</exception>
    /// <exception cref="ConfigurationException">Of a later version.</exception>
    public static ShardState Decode(ReadOnlySpan<byte> bytes, string origin, CaptureKey key)
    {
        if (bytes.StartsWith("{\"version\":"u8))
        {
            return ShardState.FromJson(bytes, origin);
        }
        if (!bytes.StartsWith(Start) || bytes.Length <= CodeEnd + End.Length || !bytes[CodeEnd..].StartsWith(End))
        {
            throw Damaged(origin, "it does not begin as a snapshot does");
        }
        byte[] json = [(byte)'{', .. bytes[(CodeEnd + End.Length)..]];
        var code = Encoding.Latin1.GetString(bytes[Start.Length..CodeEnd]);
        if (code == CodeOf(json, key))
        {
            return ShardState.FromJson(json, origin);
        }
        // Another installation's says so, and is no damage.
        return code != CodeOf(key.WithOurId(json), key) && Parse(json, origin) is { } state && state.KeyId != key.KeyId ? state
            : throw Damaged(origin, "its code is not that of its content under this installation's key");
    }

    private static string CodeOf(ReadOnlySpan<byte> json, CaptureKey key)
    {
        Span<byte> code = stackalloc byte[CaptureKey.CodeLength];
        key.Authenticate(json, default, code);
        return Convert.ToHexStringLower(code);
    }

    private static ShardState? Parse(byte[] json, string origin)
    {
        try
        {
            return ShardState.FromJson(json, origin);
        }
        catch (ConfigurationException)
        {
            // It says a later version, and its code is wrong.
            return null;
        }
    }

    private static InvalidDataException Damaged(string origin, string why) =>
        new($"snapshot {origin}: {why}. It is damaged; delete it only when every capture since the one before it still stands.");
}
