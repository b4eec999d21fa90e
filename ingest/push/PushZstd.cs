using System.Buffers.Binary;
using ZstdSharp;

namespace Pipeline.Ingest.Push;

/// <summary>
/// Where the frames of a zstd body begin and end, what each may expand to, and what its window is (RFC 8878). Walks headers of frames and
/// blocks only: what is too large is known before a byte of it is decompressed.
/// </summary>
internal static class PushZstd
{
    /// <summary>The largest window that may be asked of who receives zstd over HTTP (RFC 9659).</summary>
    public const int MaxWindow = 8 << 20;

    /// <summary>What a decoder holds while it works: no window, since a frame is decompressed in one piece into where it stays, but tables
    /// and one block's literals.</summary>
    public const int DecoderBytes = 256 << 10;

    private const uint Magic = 0xFD2FB528, Skippable = 0x184D2A50;
    private const int MaxBlock = 128 << 10;

    /// <summary>Decompresses every frame into <paramref name="body"/>.</summary>
    /// <param name="most">The most bytes that all frames together may expand to.</param>
    public static PushBodyFault Read(ReadOnlySpan<byte> zstd, PushBody body, int most)
    {
        using var decoder = new Decompressor();
        var (parts, room) = (0, most);
        do
        {
            if (++parts > PushBody.MaxParts)
            {
                return PushBodyFault.TooManyParts;
            }
            if (!TryFrame(zstd, out var frame))
            {
                return PushBodyFault.BadZstd;
            }
            if (frame.Declared > room)
            {
                return PushBodyFault.TooLarge;
            }
            if (frame.Window > MaxWindow)
            {
                return PushBodyFault.WideWindow;
            }
            if (!frame.Skip)
            {
                var fault = Decode(decoder, zstd[..frame.Length], frame.Declared ?? frame.Most, body, room, out var written);
                if (fault != PushBodyFault.None)
                {
                    return fault;
                }
                room -= written;
            }
            zstd = zstd[frame.Length..];
        }
        while (!zstd.IsEmpty);
        return PushBodyFault.None;
    }

    /// <summary>In one piece, into the room that is left: the decoder stops where that ends, however much more there would be.</summary>
    private static PushBodyFault Decode(Decompressor decoder, ReadOnlySpan<byte> frame, long expands, PushBody body, int room,
        out int written)
    {
        written = 0;
        if (!body.TryReserve((int)Math.Min(expands, room), out var space))
        {
            return PushBodyFault.NoMemory;
        }
        try
        {
            if (!decoder.TryUnwrap(frame, space, out written))
            {
                return expands > room ? PushBodyFault.TooLarge : PushBodyFault.BadZstd;
            }
        }
        catch (ZstdException)
        {
            return PushBodyFault.BadZstd;
        }
        body.Advance(written);
        return PushBodyFault.None;
    }

    /// <summary>The frame that the bytes begin with; false where it is not whole, or none.</summary>
    private static bool TryFrame(ReadOnlySpan<byte> zstd, out Frame frame)
    {
        frame = default;
        if (!BinaryPrimitives.TryReadUInt32LittleEndian(zstd, out var magic))
        {
            return false;
        }
        if ((magic & 0xFFFFFFF0) == Skippable)
        {
            if (zstd.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(zstd[4..]) is var skip && skip > zstd.Length - 8)
            {
                return false;
            }
            frame = new(8 + (int)skip, 0, 0, null, Skip: true);
            return true;
        }
        if (magic != Magic || zstd.Length < 5)
        {
            return false;
        }
        var flags = zstd[4];
        var single = (flags & 0x20) != 0;
        var dictionary = (flags & 3) switch { 3 => 4, var n => n };
        var declared = (flags >> 6) switch { 0 => single ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        var at = 5 + (single ? 0 : 1) + dictionary;
        // A bit that is reserved; a dictionary that nobody has here.
        if ((flags & 8) != 0 || zstd.Length < at + declared || zstd[(at - dictionary)..at].ContainsAnyExcept((byte)0))
        {
            return false;
        }
        var content = declared == 0 ? (ulong?)null : Number(zstd.Slice(at, declared)) + (declared == 2 ? 256u : 0);
        var window = single ? content!.Value : Window(zstd[5]);
        if (!TryBlocks(zstd, at + declared, (int)Math.Min(window, MaxBlock), out var end, out var most))
        {
            return false;
        }
        end += (flags & 4) != 0 ? 4 : 0;
        frame = new(end, window, most, content is { } size ? (long)Math.Min(size, long.MaxValue) : null, Skip: false);
        return end <= zstd.Length;
    }

    private static bool TryBlocks(ReadOnlySpan<byte> zstd, int at, int mostOfBlock, out int end, out long most)
    {
        (end, most) = (at, 0);
        while (true)
        {
            if (zstd.Length < end + 3)
            {
                return false;
            }
            var header = zstd[end] | zstd[end + 1] << 8 | zstd[end + 2] << 16;
            var (type, size) = ((header >> 1) & 3, header >> 3);
            // 0: as they are; 1: one byte, so many times; 2: compressed; 3: reserved.
            if (type == 3 || size > mostOfBlock || zstd.Length - end - 3 < (type == 1 ? 1 : size))
            {
                return false;
            }
            end += 3 + (type == 1 ? 1 : size);
            most += type == 2 ? mostOfBlock : size;
            if ((header & 1) != 0)
            {
                return true;
            }
        }
    }

    private static ulong Window(byte descriptor)
    {
        var least = 1UL << (10 + (descriptor >> 3));
        return least + least / 8 * (descriptor & 7u);
    }

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        var number = 0UL;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            number = number << 8 | bytes[i];
        }
        return number;
    }

    /// <param name="Length">Bytes of the frame, as it was sent.</param>
    /// <param name="Most">Bytes that its blocks can expand to at most.</param>
    /// <param name="Declared">Bytes that it says it expands to.</param>
    private readonly record struct Frame(int Length, ulong Window, long Most, long? Declared, bool Skip);
}
