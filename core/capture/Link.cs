using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Core.Captures;

/// <summary>A SHA-256, compared by value, written as 64 lower-case hex digits.</summary>
[JsonConverter(typeof(Sha256Json))]
public readonly record struct Sha256(UInt128 High, UInt128 Low)
{
    public static Sha256 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        return new(BinaryPrimitives.ReadUInt128BigEndian(hash), BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
    }

    public static Sha256 Parse(string hex)
    {
        if (hex.Length != 64)
        {
            throw new FormatException("a sha256 is 64 hex digits");
        }
        var bytes = Convert.FromHexString(hex);
        return new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(16)));
    }

    /// <summary>The first 63 bits, never negative: what the table's `txn` keeps of a hash (rule 22).</summary>
    public long Bits63 => (long)(ulong)(High >> 65);

    public override string ToString() => High.ToString("x32") + Low.ToString("x32");
}

/// <summary>Writes a <see cref="Sha256"/> as its hex digits.</summary>
public sealed class Sha256Json : JsonConverter<Sha256>
{
    public override Sha256 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Sha256.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Sha256 value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Names one capture of a shard and fixes its content: the number and the sha256 of the capture's bytes.</summary>
public readonly record struct Link(long Number, [property: JsonPropertyName("sha256")] Sha256 Hash)
{
    public override string ToString() => $"{Number}:{Hash.ToString()[..12]}";
}

/// <summary>Capture numbers of one shard, both ends inclusive, as people type them: `--from 3 --to 3` is one capture.</summary>
public readonly record struct CaptureRange(long From, long To)
{
    public long Count => To - From + 1;

    public bool Contains(long number) => number >= From && number <= To;

    public override string ToString() => From == To ? $"{From}" : $"{From}-{To}";
}
