using System.Text.Json;

namespace Pipeline.Core;

/// <summary>
/// What a later version of this program wrote. It stops whoever meets it, for nothing is skipped because it is not understood
/// (docs/storage-format.md); and by 78, for another start of the same version meets it again.
/// </summary>
public static class LaterVersion
{
    /// <param name="what">The object or message that was met.</param>
    /// <param name="found">What it says of itself.</param>
    /// <param name="known">The newest version that this program reads.</param>
    public static ConfigurationException Stop(string what, string found, int known, Exception? inner = null) =>
        new($"{what}: {found}, this program knows up to {known}. Upgrade this program: shippers are upgraded first. Nothing was skipped.",
            inner);

    /// <summary>The version that a document says it is of, where that is above <paramref name="known"/>. A later version may have any other
    /// member, so that only this one is looked at.</summary>
    public static long? Of(ReadOnlyMemory<byte> json, int known)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("version", out var version)
                && version.ValueKind == JsonValueKind.Number
                && version.TryGetInt64(out var number) && number > known ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
