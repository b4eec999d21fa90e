namespace Pipeline.Ingest.Files;

/// <summary>Compressed files that are not read, by the bytes that each begins with.</summary>
internal static class Compression
{
    /// <summary>The tool that made it: zstd, xz, bzip2 or zip; null: none of these.</summary>
    public static string? Of(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) ? "zstd"
        : head.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? "xz"
        : head.StartsWith("BZh"u8) ? "bzip2"
        : head.StartsWith("PK\x03\x04"u8) ? "zip" : null;
}
