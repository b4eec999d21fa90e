using System.Buffers;
using System.Text.Json;

namespace Pipeline.Core.Store;

/// <summary>The bytes of `store.json`, version 1.</summary>
internal static class StoreIdentityJson
{
    private const int Version = 1;

    public static byte[] Encode(StoreIdentity identity)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("id", identity.Id);
            json.WriteString("region", identity.Region);
            json.WriteString("role", identity.Role);
            json.WriteStartArray("datasets");
            foreach (var dataset in identity.Datasets)
            {
                json.WriteStringValue(dataset);
            }
            json.WriteEndArray();
            if (identity.CaptureStore is { } captureStore)
            {
                json.WriteString("captureStore", captureStore);
            }
            json.WriteEndObject();
        }
        return bytes.WrittenSpan.ToArray();
    }

    public static StoreIdentity Decode(byte[] bytes, string location)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var root = json.RootElement;
            if (root.GetProperty("version").GetInt32() is var version && version != Version)
            {
                throw new ConfigurationException(
                    $"'{StoreIdentity.ObjectName}' in {location} has version {version}, and this program knows {Version}. Upgrade the " +
                    $"program.");
            }
            return new StoreIdentity(
                Id(root.GetProperty("id")),
                Text(root.GetProperty("role")),
                Text(root.GetProperty("region")),
                [.. root.GetProperty("datasets").EnumerateArray().Select(Text).Order(StringComparer.Ordinal)],
                root.TryGetProperty("captureStore", out var captureStore) ? Id(captureStore) : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ConfigurationException(
                $"'{StoreIdentity.ObjectName}' in {location} cannot be read: expected a JSON object with version, id (32 hex digits), " +
                $"region, role and datasets. It is written once by `pipeline store init`; restore it from a copy.", e);
        }
    }

    private static string Text(JsonElement element) => element.GetString() ?? throw new FormatException("null where a text is expected");

    private static string Id(JsonElement element) => Text(element) is { Length: 32 } id && id.All(char.IsAsciiHexDigitLower) ? id
        : throw new FormatException("no id of 32 hex digits");
}
