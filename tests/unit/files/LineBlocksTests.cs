using System.Text;
using CsCheck;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Rules 29 and 34: whole lines, their position and its check.</summary>
public sealed class LineBlocksTests
{
    [Fact]
    public void What_follows_the_last_newline_is_pending_until_it_is_final()
    {
        using var blocks = Over("a\nbc\r\n\nrest");
        Assert.Equal("a\nbc\r\n\n", Text(blocks.Next()));
        Assert.Null(blocks.Next());
        Assert.Equal((4, 7, 3), (blocks.Pending, blocks.Offset, blocks.Line));
        var last = blocks.Next(final: true)!;
        Assert.Equal(("rest", 7, 11, 3), (Encoding.Latin1.GetString(last.Lines.Span), last.From, last.To, last.Line));
        Assert.Null(blocks.Next(final: true));
        Assert.Equal(4, blocks.Line);
    }

    [Fact]
    public void A_block_goes_on_where_content_grew()
    {
        var content = new MemoryStream();
        content.Write("one\ntw"u8);
        content.Position = 0;
        using var blocks = new LineBlocks(content, Reading(), null, []);
        Assert.Equal("one\n", Text(blocks.Next()));
        Assert.Null(blocks.Next());
        content.Write("o\nthr"u8);
        content.Position = 6;
        Assert.Equal("two\n", Text(blocks.Next()));
        Assert.Null(blocks.Next());
        Assert.Equal(3, blocks.Pending);
    }

    [Theory]
    [InlineData(1_048_575)]
    [InlineData(1_048_576)]
    [InlineData(1_048_577)]
    [InlineData(5_000_000)]
    public void A_long_line_is_cut_in_its_block_and_counted_by_its_true_bytes(int length)
    {
        var text = "first\n" + new string('x', length) + "\r\nlast\n";
        using var blocks = Over(text);
        var all = All(blocks);
        Assert.Equal(0, all[0].From);
        Assert.Equal(text.Length, all[^1].To);
        Assert.Equal(LogFolder.Hash.Of(Encoding.Latin1.GetBytes(text[^128..])), all[^1].Check);
        var lines = string.Concat(all.Select(b => Encoding.Latin1.GetString(b.Lines.Span))).Split('\n');
        Assert.Equal(("first", "last", ""), (lines[0], lines[2], lines[3]));
        Assert.InRange(lines[1].Length, SourceBlock.MaxLineBytes + 2, length + 1);
        Assert.All(all, b => Assert.InRange(b.Lines.Length, 1, SourceBlock.MaxBytes));
        Assert.Equal(3, blocks.Line);
    }

    [Fact]
    public void An_unterminated_long_line_is_taken_whole_when_it_is_final()
    {
        using var blocks = Over("a\n" + new string('y', 3_000_000));
        Assert.Equal("a\n", Text(blocks.Next()));
        Assert.Null(blocks.Next());
        Assert.Equal(3_000_000, blocks.Pending);
        var last = blocks.Next(final: true)!;
        Assert.Equal((2, 3_000_002), (last.From, last.To));
        Assert.InRange(last.Lines.Length, SourceBlock.MaxLineBytes + 1, SourceBlock.MaxLineBytes + 100);
        Assert.NotEqual((byte)'\n', last.Lines.Span[^1]);
    }

    [Fact]
    public void The_field_list_goes_along()
    {
        using var blocks = Over("#Fields: date time\nx\n#Fields: time date\ny\n", LogFormats.Named("iis-w3c"));
        Assert.Null(blocks.Next()!.FieldsBefore);
        Assert.Equal("time date", blocks.Cursor!.Fields);
    }

    [Fact]
    public void Any_content_read_in_any_pieces_from_any_cursor_gives_its_lines_once() =>
        Gen.Select(Gen.OneOf(Gen.Int[0, 300], Gen.Int[1_040_000, 1_060_000], Gen.Int[60_000, 70_000]).Array[0, 12], Gen.Int[1, 400_000],
            Gen.Bool, Gen.Int[0, 1_000]).Sample((lengths, piece, terminated, stopAfter) =>
        {
            var text = Encoding.Latin1.GetBytes(string.Concat(lengths.Select((l, i) => new string((char)('a' + i), l) + "\n")));
            text = terminated || text.Length == 0 ? text : text[..^1];
            var taken = new List<SourceBlock>();
            FileCursor? cursor = null;
            while (true)
            {
                // A new reader after every few blocks: as after a restart.
                var from = cursor?.Offset ?? 0;
                using var blocks = new LineBlocks(new Pieces(text, from, piece), Reading(), cursor,
                    text.AsSpan((int)Math.Max(0, from - 128), (int)Math.Min(128, from)), stopAfter % 3 == 0 ? 10 : long.MaxValue);
                var before = taken.Count;
                for (var n = 0; n <= stopAfter % 4; n++)
                {
                    if ((blocks.Next() ?? blocks.Next(final: true)) is not { } block)
                    {
                        break;
                    }
                    taken.Add(block with { Lines = block.Lines.ToArray() });
                    block.Release!();
                    cursor = blocks.Cursor;
                }
                if (taken.Count == before)
                {
                    break;
                }
            }
            Assert.Equal(text.Length, taken.Count == 0 ? 0 : taken[^1].To);
            long at = 0, line = 0;
            foreach (var block in taken)
            {
                Assert.Equal((at, line), (block.From, block.Line));
                Assert.Equal(LogFolder.Hash.Of(text.AsSpan((int)Math.Max(0, block.To - 128), (int)Math.Min(128, block.To))), block.Check);
                (at, line) = (block.To, line + BlockEncoder.PhysicalLines(block.Lines.Span));
            }
            var lines = Encoding.Latin1.GetString([.. taken.SelectMany(b => b.Lines.ToArray())]).Split('\n');
            var expected = Encoding.Latin1.GetString(text).Split('\n');
            Assert.Equal(expected.Length, lines.Length);
            for (var i = 0; i < lines.Length; i++)
            {
                Assert.True(expected[i] == lines[i] || (expected[i].Length >= SourceBlock.MaxBytes
                    && lines[i].Length > SourceBlock.MaxLineBytes));
            }
        }, iter: 60);

    private static FileReading Reading(ILineFormat? format = null) => new("web", "id", format ?? LogFolder.Combined, LogFolder.Hash);

    private static LineBlocks Over(string text, ILineFormat? format = null) =>
        new(new MemoryStream(Encoding.Latin1.GetBytes(text)), Reading(format), null, []);

    private static string Text(SourceBlock? block) => Encoding.Latin1.GetString(block!.Lines.Span);

    private static List<SourceBlock> All(LineBlocks blocks)
    {
        var all = new List<SourceBlock>();
        while (blocks.Next() is { } block)
        {
            all.Add(block);
        }
        return all;
    }

    /// <summary>Gives at most so many bytes at a time, as decompression does.</summary>
    private sealed class Pieces(byte[] bytes, long from, int most) : MemoryStream(bytes, (int)from, bytes.Length - (int)from)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, most)]);
    }
}
