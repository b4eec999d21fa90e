using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// A line end of a file up to which its lines were captured, and the first 64 bits of the keyed hash of the up to <see cref="Window"/>
/// bytes before it.
/// These are more bytes than those of <see cref="FileCursor.Check"/>, for many lines of a log end alike. In JSON it is one string: the
/// offset in decimal, ':', and 16 hex digits.
/// </summary>
[JsonConverter(typeof(EarlierCheckJson))]
public readonly record struct EarlierCheck(long Offset, ulong Hash)
{
    public const int Window = 512;

    /// <param name="before">The bytes before the offset: <see cref="Window"/>, or fewer at the file's start.</param>
    public static EarlierCheck Of(long offset, ReadOnlySpan<byte> before, KeyedHash hash) =>
        new(offset, ulong.Parse(hash.Of(before).AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Offset}:{Hash:x16}");

    /// <exception cref="FormatException">Not an offset, ':' and 16 hex digits.</exception>
    public static EarlierCheck Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && text.Length - colon == 17 && long.TryParse(text.AsSpan(0, colon), NumberStyles.None,
            CultureInfo.InvariantCulture, out var offset)
            && ulong.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash)
            ? new EarlierCheck(offset, hash) : throw new FormatException("a check is an offset, ':' and 16 hex digits");
    }
}

internal sealed class EarlierCheckJson : JsonConverter<EarlierCheck>
{
    public override EarlierCheck Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        try
        {
            return EarlierCheck.Parse(reader.GetString() ?? "");
        }
        catch (FormatException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, EarlierCheck value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
