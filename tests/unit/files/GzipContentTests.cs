using System.Buffers.Binary;
using CsCheck;
using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Rule 29: the end of a gzip is final only where its CRC and length match.</summary>
public sealed class GzipContentTests
{
    private static readonly byte[] Text = Bytes(200_000);

    [Fact]
    public void A_sound_file_is_whole() => Holds(LogFolder.Gzip(Text), Text.Length, ContentEnd.Whole);

    [Fact]
    public void Members_follow_one_another_with_and_without_zeros_between()
    {
        var member = LogFolder.Gzip(Text);
        Holds([.. member, .. member], 2 * Text.Length, ContentEnd.Whole);
        Holds([.. member, .. new byte[700], .. LogFolder.Gzip(""), .. member, .. new byte[100_000]], 2 * Text.Length, ContentEnd.Whole);
        Holds([.. Enumerable.Repeat(LogFolder.Gzip("a\n"), 1_000).SelectMany(b => b)], 2_000, ContentEnd.Whole);
    }

    [Fact]
    public void An_empty_member_is_whole()
    {
        // What gzip(1) makes of nothing; .NET writes nothing at all.
        byte[] empty = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Holds(empty, 0, ContentEnd.Whole);
        Holds([.. empty, .. LogFolder.Gzip(Text), .. empty, .. empty], Text.Length, ContentEnd.Whole);
    }

    [Fact]
    public void A_file_that_is_cut_anywhere_is_cut()
    {
        var member = LogFolder.Gzip(Bytes(3_000));
        for (var length = 3; length < member.Length; length++)
        {
            Assert.Equal(ContentEnd.Cut, Read(member[..length], out _));
        }
        for (var length = 1; length < member.Length; length++)
        {
            Assert.Equal(ContentEnd.Cut, Read([.. member, .. member[..length]], out _));
        }
    }

    [Fact]
    public void A_wrong_crc_or_length_is_damage()
    {
        foreach (var at in (int[])[1, 2, 3, 4, 5, 6, 7, 8])
        {
            var member = LogFolder.Gzip(Text);
            member[^at] ^= 1;
            Holds(member, Text.Length, ContentEnd.Damaged);
            Holds([.. member, .. member], Text.Length, ContentEnd.Damaged);
        }
    }

    [Fact]
    public void Garbage_after_a_member_is_named() => Holds([.. LogFolder.Gzip(Text), .. "not gzip at all, but long enough"u8], Text.Length,
        ContentEnd.Garbage);

    [Fact]
    public void A_header_with_a_name_a_comment_and_extra_bytes_is_read()
    {
        var member = LogFolder.Gzip(Text);
        byte[] header = [0x1F, 0x8B, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 9, 0, 9, .. "access.log\0"u8, .. "comment\0"u8, 1, 2];
        Holds([.. header, .. member[10..]], Text.Length, ContentEnd.Whole);
    }

    [Fact]
    public void Any_content_in_any_members_comes_back_and_any_damage_is_seen() =>
        Gen.Select(Gen.Byte.Array[0, 20_000].Array[1, 4], Gen.Int[0, int.MaxValue], Gen.Bool).Sample((parts, at, cut) =>
        {
            var file = parts.SelectMany(LogFolder.Gzip).ToArray();
            if (file.Length == 0)
            {
                return;
            }
            Assert.Equal(ContentEnd.Whole, Read(file, out var bytes));
            Assert.Equal(parts.SelectMany(p => p), bytes);
            var last = LogFolder.Gzip(parts[^1]);
            if (last.Length == 0)
            {
                return;
            }
            var place = file.Length - 1 - at % last.Length;
            // The header's time, flags for the system and the like change nothing; a cut does.
            if (cut && place > file.Length - last.Length)
            {
                Assert.Equal(ContentEnd.Cut, Read(file[..place], out _));
            }
            else if (place >= file.Length - last.Length + 10)
            {
                file[place] ^= 0x10;
                // A bit of the data that DEFLATE does not use may change nothing.
                Assert.True(Read(file, out var other) != ContentEnd.Whole || other.AsSpan().SequenceEqual(bytes));
            }
        }, iter: 300);

    [Fact]
    public void A_bomb_is_streamed_in_bounded_memory()
    {
        var bomb = LogFolder.Gzip(new byte[300_000_000]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var content = new GzipContentStream(new MemoryStream(bomb));
        var buffer = new byte[64 * 1024];
        while (content.Read(buffer) > 0)
        {
        }
        Assert.Equal((ContentEnd.Whole, 300_000_000), (content.End, content.Position));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    private static void Holds(byte[] file, int length, ContentEnd end)
    {
        Assert.Equal(end, Read(file, out var bytes));
        Assert.Equal(length, bytes.Length);
    }

    private static ContentEnd Read(byte[] file, out byte[] bytes)
    {
        using var content = new GzipContentStream(new MemoryStream(file));
        var into = new MemoryStream();
        content.CopyTo(into);
        bytes = into.ToArray();
        return content.End;
    }

    private static byte[] Bytes(int length)
    {
        var random = new Random(7);
        var bytes = new byte[length];
        for (var i = 0; i + 4 <= length; i += 4)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i), 0x61616161 + (random.Next() & 0x0F0F0F0F));
        }
        return bytes;
    }
}
