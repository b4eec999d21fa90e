using System.Text.Json;

namespace Pipeline.Core.Captures;

/// <summary>What `sources/NAME` in the capture store holds: the shard that the source belongs to for ever, as `{"shard":"…"}` (rule
/// 8).</summary>
public static class SourceObject
{
    /// <summary>All of them lie here.</summary>
    public const string Folder = "sources/";

    /// <summary>UTF-8 JSON.</summary>
    public static byte[] Encode(string shard) => JsonSerializer.SerializeToUtf8Bytes(new SortedDictionary<string,
        string> { ["shard"] = shard });

    /// <summary>The shard.</summary>
    /// <param name="name">The object's name.</param>
    /// <exception cref="CorruptException">The bytes are not as they were written.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes, string name)
    {
        try
        {
            if (JsonSerializer.Deserialize<Dictionary<string, string>>(bytes) is { } document
                && document.TryGetValue("shard", out var shard)
                && CaptureNames.IsName(shard) && bytes.SequenceEqual(Encode(shard)))
            {
                return shard;
            }
        }
        catch (JsonException)
        {
            // Named below, as everything else that is not what was written.
        }
        const string Why = "it does not name a shard as docs/storage-format.md says";
        throw new CorruptException(name, Why,
            $"'{name}' is damaged: {Why}. Restore it from a copy; where there is none, remove it, and the next start of its source " +
            $"writes it again.");
    }
}
