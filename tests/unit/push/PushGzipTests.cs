using CsCheck;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A gzip is taken whole or not at all (rule 29: the end of a gzip whose CRC and length match).</summary>
public sealed class PushGzipTests
{
    [Fact]
    public void Every_whole_gzip_of_one_or_more_members_is_read_and_every_cut_one_is_refused() =>
        Gen.Select(Gen.Byte.Array[0, 20_000].Array[1, 3], Gen.Int[0, 1 << 20], Gen.Bool).Sample((members, at, same) =>
        {
            // Members that compress and members that do not.
            members = same ? members.Select(m => new byte[m.Length]).ToArray() : members;
            var parts = members.Where(m => m.Length > 0).Select(m => PushEndpointTests.Gzip(m)).ToArray();
            if (parts.Length == 0)
            {
                return Inflate([]) is null;
            }
            var gzip = parts.SelectMany(p => p).ToArray();
            var ends = parts.Select((_, i) => parts.Take(i + 1).Sum(p => p.Length)).ToHashSet();
            var cut = at % gzip.Length;
            return Inflate(gzip) is { } whole && whole.AsSpan().SequenceEqual(members.SelectMany(m => m).ToArray())
                && (ends.Contains(cut) || Inflate(gzip[..cut]) is null);
        }, iter: 300);

    [Fact]
    public void A_gzip_with_something_behind_it_or_a_flipped_bit_is_refused()
    {
        var body = new byte[5000];
        new Random(1).NextBytes(body);
        var gzip = PushEndpointTests.Gzip(body);
        Assert.Null(Inflate([.. gzip, 0]));
        Assert.Null(Inflate([.. gzip, 0x1f, 0x8b]));
        Assert.Null(Inflate([.. gzip, .. new byte[100]]));
        for (var bit = 80; bit < gzip.Length * 8; bit += 61)
        {
            var flipped = (byte[])gzip.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(Inflate(flipped) is null || Inflate(flipped).AsSpan().SequenceEqual(body));
        }
    }

    [Fact]
    public void An_empty_member_is_whole_wherever_it_stands()
    {
        // As gzip(1) makes it, and with flushes before its end; .NET writes nothing at all.
        byte[] empty = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] flushed = [.. empty[..10], 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, .. empty[10..]];
        var gzip = PushEndpointTests.Gzip("lines\n"u8.ToArray());
        Assert.Empty(Inflate(empty)!);
        Assert.Equal("lines\nlines\n"u8.ToArray(), Inflate([.. empty, .. gzip, .. flushed, .. empty, .. gzip, .. flushed]));
        Assert.Null(Inflate([.. empty, 0]));
        Assert.Null(Inflate(empty[..^1]));
    }

    [Fact]
    public void The_optional_parts_of_a_header_are_skipped()
    {
        var gzip = PushEndpointTests.Gzip("lines\n"u8.ToArray());
        byte[] header = [0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 1, 2, 3, (byte)'n', 0, (byte)'c', 0, 9, 9];
        Assert.Equal("lines\n"u8.ToArray(), Inflate([.. header, .. gzip[10..]]));
        for (var cut = 0; cut < header.Length; cut++)
        {
            Assert.Null(Inflate(header[..cut]));
        }
    }

    private static byte[]? Inflate(byte[] gzip)
    {
        using var into = new MemoryStream();
        return PushGzip.Read(gzip, new byte[700], piece => { into.Write(piece.Span); return true; }) == PushBodyFault.None ? into.ToArray()
            : null;
    }
}
