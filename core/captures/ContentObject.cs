using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Core.Captures;

/// <summary>
/// What `contents/FFF/FINGERPRINT[.N]` in the capture store holds: the source that reads the content which begins so. Put before the first
/// capture
/// of that content, so that another source finds it. N counts other contents with the same first line.
/// </summary>
/// <param name="Source">The source that reads it.</param>
/// <param name="Next">The number of the first capture that may hold any of it.</param>
public sealed record ContentObject(string Source, long Next)
{
    private const string Folder = "contents/", Marks = Folder + "sources/";

    /// <summary>The object's name: spread over 4,096 folders by the fingerprint's first three digits.</summary>
    public static string Name(string fingerprint, int number) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{Folder}{fingerprint[..3]}/{fingerprint}{(number == 0 ? "" : $".{number}")}");

    /// <summary>Where it is noted that all contents of a source have their objects.</summary>
    public static string Mark(string source) => Marks + source;

    /// <summary>The folder of those notes.</summary>
    public static string MarksFolder => Marks;

    /// <summary>UTF-8 JSON.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, ContentJson.Default.ContentObject);

    /// <param name="name">The object's name.</param>
    /// <exception cref="CorruptException">The bytes are not as they were written.</exception>
    public static ContentObject Decode(ReadOnlySpan<byte> bytes, string name)
    {
        try
        {
            if (JsonSerializer.Deserialize(bytes, ContentJson.Default.ContentObject) is { Source: { } source } content
                && CaptureNames.IsName(source))
            {
                return content;
            }
        }
        catch (JsonException)
        {
            // Named below.
        }
        const string Why = "it does not name a source as docs/storage-format.md says";
        throw new CorruptException(name, Why, $"'{name}' is damaged: {Why}. Remove it: the next start of its source does without.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ContentObject))]
internal sealed partial class ContentJson : JsonSerializerContext;
