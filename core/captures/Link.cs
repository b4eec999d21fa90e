using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Core.Captures;

/// <summary>
/// A SHA-256, compared by value, written as 64 lower-case hex digits: four numbers, most significant first. Not of 128 bits each: what has
/// a number of 128 bits in it, or in a signature,
/// is left to be compiled when it is first called, and links are everywhere.
/// </summary>
[JsonConverter(typeof(Sha256Json))]
public readonly record struct Sha256(ulong A, ulong B, ulong C, ulong D)
{
    public const int Length = 32;

    public static Sha256 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(bytes, hash);
        return Read(hash);
    }

    /// <summary>Of these blocks as if they were one, one behind the other.</summary>
    public static Sha256 OfBlocks(IEnumerable<byte[]> blocks)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var block in blocks)
        {
            all.AppendData(block);
        }
        Span<byte> hash = stackalloc byte[Length];
        all.GetHashAndReset(hash);
        return Read(hash);
    }

    public static Sha256 Parse(string hex) => hex.Length == 2 * Length ? Read(Convert.FromHexString(hex))
        : throw new FormatException("a sha256 is 64 hex digits");

    /// <summary>The first 63 bits, never negative: what the table's `txn` keeps of a hash (rule 22).</summary>
    public long Bits63 => (long)(A >> 1);

    /// <summary>Writes its 32 bytes.</summary>
    public void CopyTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, A);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], D);
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static Sha256 Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
}

/// <summary>Writes a <see cref="Sha256"/> as its hex digits.</summary>
public sealed class Sha256Json : JsonConverter<Sha256>
{
    public override Sha256 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Sha256.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, Sha256 value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>Names one capture of a shard and fixes its content: the number and the sha256 of the capture's bytes.</summary>
public readonly record struct Link(long Number, [property: JsonPropertyName("sha256")] Sha256 Hash)
{
    public override string ToString() => $"{Number}:{Hash.ToString()[..12]}";
}

/// <summary>Capture numbers of one shard, both ends inclusive, as people type them: `--from 3 --to 3` is one capture.</summary>
public readonly record struct CaptureRange(long From, long To)
{
    [JsonIgnore]
    public long Count => To - From + 1;

    public bool Contains(long number) => number >= From && number <= To;

    public override string ToString() => From == To ? $"{From}" : $"{From}-{To}";
}
