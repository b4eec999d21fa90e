using System.IO.Compression;
using System.IO.Hashing;
using ZstdSharp;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A body that would be much more than it is.</summary>
/// <param name="Error">The code that it is refused with; null: it is taken.</param>
internal sealed record PushBomb(string Name, string Encoding, byte[] Body, int Status, string? Error);

/// <summary>Bodies that expand to more than there is, that have more parts than lines, or that say what is not so.</summary>
internal static class PushBombs
{
    private const int Sent = 8 << 20;

    /// <summary>A zstd frame of a window of 8 MiB, of blocks that follow, without a declared size.</summary>
    private static readonly byte[] Frame = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x68];

    /// <summary>What gzip(1) makes of nothing.</summary>
    private static readonly byte[] EmptyMember = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public static IReadOnlyList<PushBomb> All { get; } =
    [
        new("one member of 4 GB", "gzip", Member([], 4_096), 413, "too-large"),
        new("80 members of 100 MB", "gzip", Repeat(Member([], 100), 80), 413, "too-large"),
        new("400,000 empty members", "gzip", Repeat(EmptyMember, 400_000), 413, "too-many-parts"),
        new("a member in a member in a member", "gzip", Gzip(Gzip(Member([], 4_096))), 200, null),
        new("a name without end", "gzip", [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3, .. Repeat("x"u8.ToArray(), Sent - 10)], 400, "bad-gzip"),
        new("an extra part longer than the file", "gzip", [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, .. new byte[1_000]], 400,
            "bad-gzip"),
        new("a length of 4 GB that is not there", "gzip", [.. Gzip("1\n"u8.ToArray())[..^4], 0xFF, 0xFF, 0xFF, 0xFF], 400, "bad-gzip"),
        new("zeros behind a member", "gzip", [.. Gzip("1\n"u8.ToArray()), .. new byte[1_000_000]], 400, "bad-gzip"),
        new("one frame of 256 GB", "zstd", [.. Frame, .. Repeat(Block(1, 128 << 10, last: false), (Sent - 10) / 4),
            .. Block(1, 1, last: true)], 413, "too-large"),
        new("1 kB that is 32 MB", "zstd", [.. Frame, .. Repeat(Block(1, 128 << 10, last: false), 250), .. Block(1, 1, last: true)], 413,
            "too-large"),
        new("800 frames of 1 MB", "zstd", Repeat([.. Frame, .. Repeat(Block(1, 128 << 10, last: false), 8), .. Block(0, 0, last: true)],
            800), 413, "too-large"),
        new("a frame of 256 MB that says so", "zstd", Zstd(new byte[256 << 20]), 413, "too-large"),
        new("a frame of 64 MB that does not say so", "zstd", Stream(64), 413, "too-large"),
        new("900,000 empty frames", "zstd", Repeat([.. Frame, .. Block(0, 0, last: true)], 900_000), 413, "too-many-parts"),
        new("1,000,000 skippable frames", "zstd", Repeat([0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0], 1_000_000), 413, "too-many-parts"),
        new("a skippable frame of 8 MB", "zstd", [0x5F, 0x2A, 0x4D, 0x18, 0, 0, 0x7F, 0, .. new byte[0x7F0000], .. Zstd("1\n"u8.ToArray())],
            200, null),
        new("a skippable frame of 4 GB", "zstd", [0x50, 0x2A, 0x4D, 0x18, 0xFF, 0xFF, 0xFF, 0xFF, .. new byte[100]], 400, "bad-zstd"),
        new("a declared size of 2^64 - 1", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x68, .. Enumerable.Repeat((byte)0xFF, 8),
            .. Block(1, 1, last: true)], 413, "too-large"),
        new("a declared size that is not there", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0x80, 0x68, 0x00, 0x09, 0x3D, 0,
            .. Block(1, 1, last: true)], 400, "bad-zstd"),
        new("a declared size that is too small", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0x80, 0x68, 1, 0, 0, 0,
            .. Block(1, 128 << 10, last: true)], 400, "bad-zstd"),
        new("a window of 3.75 TB", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0, 0xFF, .. Block(1, 1, last: true)], 400, "zstd-window"),
        new("a window of 9 MiB", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 0, 0x69, .. Block(1, 1, last: true)], 400, "zstd-window"),
        new("a dictionary", "zstd", [0x28, 0xB5, 0x2F, 0xFD, 1, 0x68, 7, .. Block(1, 1, last: true)], 400, "bad-zstd"),
        new("a frame in a frame", "zstd", Zstd(Zstd(new byte[64 << 20])), 200, null),
    ];

    /// <summary>A gzip member of a text and then so many MiB of zeros, with its right checksum and length. Each MiB is the same bytes
    /// again: they name what lies before them, and that is zeros too.</summary>
    /// <param name="megabytes">At least 2.</param>
    public static byte[] Member(byte[] text, int megabytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(megabytes, 2);
        var (zeros, crc) = (new byte[1 << 20], new Crc32());
        using var into = new MemoryStream();
        into.Write(EmptyMember.AsSpan(0, 10));
        using var deflate = new DeflateStream(into, CompressionLevel.Optimal, leaveOpen: true);
        deflate.Write(text);
        deflate.Write(zeros);
        deflate.Flush();
        var first = (int)into.Length;
        deflate.Write(zeros);
        deflate.Flush();
        var again = into.ToArray()[first..];
        crc.Append(text);
        for (var i = 0; i < megabytes; i++)
        {
            crc.Append(zeros);
            into.Write(i < 2 ? [] : again);
        }
        into.Write([3, 0]);
        into.Write(BitConverter.GetBytes(crc.GetCurrentHashAsUInt32()));
        into.Write(BitConverter.GetBytes((uint)((ulong)text.Length + ((ulong)megabytes << 20))));
        return into.ToArray();
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var into = new MemoryStream();
        using (var gzip = new GZipStream(into, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return into.ToArray();
    }

    /// <summary>One frame that declares its size.</summary>
    public static byte[] Zstd(byte[] bytes)
    {
        using var compressor = new Compressor(3);
        return compressor.Wrap(bytes).ToArray();
    }

    /// <summary>One frame that does not declare its size.</summary>
    public static byte[] ZstdStream(byte[] bytes)
    {
        using var into = new MemoryStream();
        using (var zstd = new CompressionStream(into, 3, leaveOpen: true))
        {
            // Twice, so that the compressor cannot know the size when it begins.
            zstd.Write(bytes.AsSpan(0, bytes.Length / 2));
            zstd.Flush();
            zstd.Write(bytes.AsSpan(bytes.Length / 2));
        }
        return into.ToArray();
    }

    private static byte[] Stream(int megabytes) => ZstdStream(new byte[megabytes << 20]);

    /// <summary>0: as they are, here none; 1: a byte, so many times.</summary>
    private static byte[] Block(int type, int size, bool last)
    {
        var header = size << 3 | type << 1 | (last ? 1 : 0);
        byte[] block = [(byte)header, (byte)(header >> 8), (byte)(header >> 16)];
        return type == 1 ? [.. block, (byte)'x'] : block;
    }

    private static byte[] Repeat(byte[] bytes, int times)
    {
        var all = new byte[bytes.Length * times];
        for (var i = 0; i < times; i++)
        {
            bytes.CopyTo(all, i * bytes.Length);
        }
        return all;
    }
}
