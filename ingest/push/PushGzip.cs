using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Pipeline.Ingest.Files;

namespace Pipeline.Ingest.Push;

/// <summary>
/// Reads a whole gzip (RFC 1952, one member or several) and accepts nothing less: .NET's own stream takes a gzip that was cut, or that has
/// something else behind it, for a whole one.
/// </summary>
internal static class PushGzip
{
    private const int Header = 10, Trailer = 8, Chunk = 4096, Single = 64;
    private const int HasCrc = 2, HasExtra = 4, HasName = 8, HasComment = 16, Reserved = 0xE0;

    /// <summary>Decompresses into <paramref name="take"/>, piece by piece, until it returns false.</summary>
    /// <param name="scratch">Where pieces are put.</param>
    /// <returns>None where every member was whole and nothing else was there, and where take said stop.</returns>
    public static PushBodyFault Read(ReadOnlyMemory<byte> gzip, byte[] scratch, Func<ReadOnlyMemory<byte>, bool> take)
    {
        var crc = new Crc32();
        Span<byte> trailer = stackalloc byte[Trailer];
        var parts = 0;
        do
        {
            if (++parts > PushBody.MaxParts)
            {
                return PushBodyFault.TooManyParts;
            }
            if (DataOf(gzip.Span) is not { } start)
            {
                return PushBodyFault.BadGzip;
            }
            using var input = new Chunks(gzip[start..]);
            using var inflate = new DeflateStream(input, CompressionMode.Decompress);
            crc.Reset();
            uint length = 0;
            while (true)
            {
                int got;
                try
                {
                    got = inflate.Read(scratch);
                }
                catch (InvalidDataException)
                {
                    return PushBodyFault.BadGzip;
                }
                if (got == 0)
                {
                    break;
                }
                crc.Append(scratch.AsSpan(0, got));
                length += (uint)got;
                if (!take(scratch.AsMemory(0, got)))
                {
                    return PushBodyFault.None;
                }
            }
            // The inflater does not tell where it stopped. Within the first bytes, which it gets one by one, it is the last it got; else it
            // was in one of the last two chunks, and there the trailer must be: checksum and length.
            BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc.GetCurrentHashAsUInt32());
            BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], length);
            var given = start + input.Given;
            var from = input.Given <= Single ? given : Math.Max(start, given - 2 * Chunk);
            var found = gzip.Span[from..Math.Min(gzip.Length, given + Trailer)].IndexOf(trailer);
            if (found < 0)
            {
                return PushBodyFault.BadGzip;
            }
            gzip = gzip[(from + found + Trailer)..];
        }
        while (!gzip.IsEmpty);
        return PushBodyFault.None;
    }

    /// <summary>Where the deflated data of the member begins, or null where its header is not whole.</summary>
    private static int? DataOf(ReadOnlySpan<byte> gzip)
    {
        if (gzip.Length < Header + Trailer || gzip[0] != 0x1f || gzip[1] != 0x8b || gzip[2] != 8 || (gzip[3] & Reserved) != 0)
        {
            return null;
        }
        var (flags, at) = (gzip[3], Header);
        if ((flags & HasExtra) != 0)
        {
            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(gzip[at..]);
        }
        foreach (var text in (ReadOnlySpan<int>)[HasName, HasComment])
        {
            if ((flags & text) != 0)
            {
                var end = at < gzip.Length ? gzip[at..].IndexOf((byte)0) : -1;
                if (end < 0)
                {
                    return null;
                }
                at += end + 1;
            }
        }
        at += (flags & HasCrc) != 0 ? 2 : 0;
        return at + Trailer < gzip.Length ? at : null;
    }

    /// <summary>Gives the bytes out one by one at first, since the trailer of an empty member is found nowhere but at its place, then in
    /// small pieces, so that what the inflater took too much is bounded.</summary>
    private sealed class Chunks(ReadOnlyMemory<byte> bytes) : ForwardStream
    {
        public int Given { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(Math.Min(buffer.Length, Given < Single ? 1 : Chunk), bytes.Length - Given);
            bytes.Span.Slice(Given, count).CopyTo(buffer);
            Given += count;
            return count;
        }
    }
}
