using System.Text;
using System.Text.Json;
using CsCheck;
using Pipeline.Ingest.Formats;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Unit.Captures;
using Pipeline.Tests.Unit.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Classification;

public sealed class ShapeTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("-", "-")]
    [InlineData("XenCenter/2025.2.0.8315 (64-bit)", "A/9.9.9.9 (9-a)")]
    [InlineData("XenCenter/2025.2.0.8315+(64-bit)", "A/9.9.9.9 (9-a)")]
    [InlineData("Acme Inventory/4.2 (fleet; build 7f3a9)", "A A/9.9 (a; a x)")]
    [InlineData("/images//1a2b3c4d-11/Page.html", "/a/x-9/A.a")]
    [InlineData("/a<b>'c'\\d", "/a!a!a!a")]
    [InlineData("\t\0é~`", " ^!")]
    [InlineData("v2 x11 2a", "x x x")]
    public void A_shape_tells_words_numbers_and_signs(string text, string shape) =>
        Assert.Equal(shape, Shape.Of(Encoding.UTF8.GetBytes(text)));

    /// <summary>The same told slowly, a byte at a time.</summary>
    [Fact]
    public void A_shape_is_what_its_text_says_byte_by_byte() =>
        Gen.OneOf(Gen.Byte.Array[0, 400], Gen.Char["aZ9-/ +\t~"].Array[0, 400].Select(chars => Encoding.Latin1.GetBytes(chars)),
            Gen.Char["abZ019ab"].Array[0, 400].Select(chars => Encoding.Latin1.GetBytes(chars)))
            .Sample(bytes => Assert.Equal(Slow(bytes), Shape.Of(bytes)));

    private static string Slow(byte[] bytes)
    {
        var shape = new StringBuilder();
        foreach (var b in bytes.Take(Shape.Read))
        {
            var c = (char)b;
            var kind = char.IsAsciiLetterLower(c) ? 'a' : char.IsAsciiLetterUpper(c) ? 'A' : char.IsAsciiDigit(c) ? '9' : c is ' ' or '+'
                or '\t' ? ' ' : c is < ' ' or > '~' ? '^' : "/.-_:;,=()[]{}%$@*#?|".Contains(c, StringComparison.Ordinal) ? c : '!';
            var last = shape.Length == 0 ? '\0' : shape[^1];
            if (last is 'a' or 'A' or '9' or 'x' && kind is 'a' or 'A' or '9')
            {
                shape[^1] = last == 'x' || (last == '9') != (kind == '9') ? 'x' : last;
            }
            else if (kind != last)
            {
                shape.Append(kind);
            }
        }
        var text = shape.ToString();
        return text.Length > Shape.Most || bytes.Length > Shape.Read ? text[..Math.Min(text.Length, Shape.Most - 1)] + "~" : text;
    }

    /// <summary>No letter and no digit is in a shape, nor how many there were: only these.</summary>
    [Fact]
    public void Promise_3_A_shape_has_no_character_of_the_text_but_signs() =>
        Gen.OneOf(Gen.Byte.Array[0, 400], Gen.Char[' ', '~'].Array[0, 400].Select(chars => Encoding.ASCII.GetBytes(chars))).Sample(bytes =>
        {
            var shape = Shape.Of(bytes);
            Assert.InRange(shape.Length, 0, Shape.Most);
            Assert.Matches(@"^[aAx9 !^~/.\-_:;,=()\[\]{}%$@*#?|]*$", shape);
            Assert.DoesNotMatch("[aAx9]{2}", shape);
            Assert.Equal($"\"{shape}\"", JsonSerializer.Serialize(shape));
        });

    /// <summary>Any word may be replaced by another of its kind, of any length: a reader of the shape cannot tell them apart.</summary>
    [Fact]
    public void Promise_3_Texts_whose_words_are_of_the_same_kinds_have_one_shape()
    {
        var lower = Gen.String[Gen.Char['a', 'z'], 1, 12];
        var capital = Gen.Select(Gen.Char['A', 'Z'], Gen.String[Gen.Char["abcXYZ"], 0, 11], (first, rest) => first + rest);
        var number = Gen.String[Gen.Char['0', '9'], 1, 12];
        var mixed = Gen.Select(Gen.String[Gen.Char["0123456789abcdefXYZ"], 0, 30], Gen.OneOf("a1", "7f", "Z0"), (rest, both) => both
            + rest);
        Gen.Int[0, 3].Array[0, 12].SelectMany(kinds =>
        {
            Gen<string>[] words = [.. kinds.Select(kind => kind switch { 0 => lower, 1 => capital, 2 => number, _ => mixed })];
            Gen<string> Text() => words.Aggregate(Gen.Const(""), (text, word) => Gen.Select(text, word, (a, b) => a + "/" + b));
            return Gen.Select(Text(), Text());
        }).Sample((a, b) => Math.Max(a.Length, b.Length) > Shape.Read
            || Shape.Of(Encoding.ASCII.GetBytes(a)) == Shape.Of(Encoding.ASCII.GetBytes(b)));
    }

    [Fact]
    public void What_is_counted_adds_up_stays_small_and_names_what_is_frequent() =>
        Gen.Select(Gen.Int[0, 60].Array[0, 2_000], Gen.Int[0, 60], Gen.Int[0, 500]).Sample((draws, often, more) =>
        {
            var shapes = new ShapeCounts();
            var truth = new Dictionary<string, long>();
            foreach (var draw in draws.Concat(Enumerable.Repeat(often, more)))
            {
                var text = new string('/', 1) + string.Join('.', Enumerable.Repeat("a", draw % 8 + 1))
                    + string.Join('-', Enumerable.Repeat("9", draw / 8 + 1));
                shapes.Add(Encoding.ASCII.GetBytes(text));
                truth[Shape.Of(Encoding.ASCII.GetBytes(text))] = truth.GetValueOrDefault(Shape.Of(Encoding.ASCII.GetBytes(text))) + 1;
            }
            var all = shapes.All().ToDictionary(s => s.Key, s => s.Value);
            Assert.InRange(all.Count, 0, ShapeCounts.Most);
            Assert.Equal(draws.Length + more, all.Values.Sum() + shapes.Other);
            Assert.All(all, shape => Assert.InRange(shape.Value, 1, truth[shape.Key]));
            Assert.All(truth.Where(t => t.Value > (draws.Length + more) / (ShapeCounts.Most + 1)), t =>
                Assert.True(all.ContainsKey(t.Key)));
            shapes.Clear();
            Assert.Equal((0, 0L), (shapes.All().Count(), shapes.Other));
        }, iter: 200);

    /// <summary>Every undeclared part of a line is a marker; nothing of one is in what a capture says of the block, however it is looked
    /// at.</summary>
    [Fact]
    public void Promise_3_No_marker_of_an_unknown_client_or_path_is_in_a_capture()
    {
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, new byte[24]);
        Gen.Select(Gen.String[Gen.Char["qzwjkvQZWJKV0123456789"], 12, 20], Gen.Int[0, 3]).Sample((mark, how) =>
        {
            var line = how switch
            {
                0 => $"GET /{mark}/{mark}.{mark}?{mark} HTTP/1.1\" 404 1 \"{mark}\" \"{mark}/{mark} ({mark})\"",
                1 => $"GET /{mark}/XCUpdates.xml?{mark} HTTP/1.1\" 404 1 \"{mark}\" \"{mark}/{mark} ({mark}; +http://{mark})\"",
                2 => $"GET /updates.{mark}.tsv HTTP/1.1\" 404 1 \"{mark}\" \"{mark}\"",
                _ => $"GET /updates.xml HTTP/1.1\" 404 1 \"{mark}\" \"XenCenter/{mark} (64-bit)\"",
            };
            var read = Read(encoder, $"198.51.100.1 - {mark} [02/Nov/2026:10:00:00 +0000] \"{line}\n");
            Assert.Single(read.Rules!);
            Assert.Single(read.Shapes!);
            var said = JsonSerializer.Serialize(read);
            Assert.All(Enumerable.Range(0, mark.Length - 3), at => Assert.DoesNotContain(mark.Substring(at, 4), said,
                StringComparison.OrdinalIgnoreCase));
        }, iter: 2_000);
    }

    /// <summary>A header never grows beyond what the draft took it for, and joined reads have as many shapes as one.</summary>
    [Fact]
    public void A_draft_of_many_unknowns_is_cut_in_time_and_its_reads_are_small()
    {
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, new byte[24]);
        var state = new ShardState { Store = "s", Shard = "web", KeyId = "k" };
        foreach (var pushes in new[] { true, false })
        {
            var draft = new CaptureDraft([PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates], 200_000);
            long lines = 0;
            var at = 0L;
            for (var n = 0; ; n++)
            {
                var random = new Random(n);
                var text = new StringBuilder();
                for (var i = 0; i < 40; i++)
                {
                    var odd = string.Concat(Enumerable.Range(0, random.Next(1, 20))
                        .Select(_ => "/.-_:;,=()"[random.Next(10)] + "aB7"[random.Next(3)].ToString()));
                    text.Append("198.51.100.1 - - [02/Nov/2026:10:00:00 +0000] \"GET ").Append(i % 2 == 0 ? "/q" + odd : "/updates.xml")
                        .Append(" HTTP/1.1\" 404 1 \"-\" \"Q").Append(odd).Append("\"\n");
                }
                var bytes = Encoding.ASCII.GetBytes(text.ToString());
                var block = new SourceBlock { Source = "web", Format = LogFormats.Named("combined"), Lines = bytes, File = pushes ? null
                    : "f", From = at, To = at += bytes.Length, Check = "c" };
                if (!draft.TryAdd(encoder.Encode(block)))
                {
                    break;
                }
                lines += 40;
            }
            var (capture, header) = draft.Encode(state, "session", [], CaptureFixture.Key);
            Assert.InRange(capture.Length, 0, 200_000);
            Assert.Equal(lines, header.Reads.Sum(read => read.Rules!.Values.Sum()));
            Assert.Equal(lines, header.Reads.Sum(read => read.Shapes!.Values.Sum())
                + header.Reads.Sum(read => read.Rules!.Where(rule => RuleTable.All.Single(r => r.Name == rule.Key).Shape == Shaped.Nothing)
                .Sum(rule => rule.Value)));
            Assert.All(header.Reads, read => Assert.InRange(read.Shapes!.Count, 1, 2 * ShapeNames.MaxOfAKind + 2));
            Assert.Equal(pushes, header.Reads.Count > 1);
        }
    }

    private static ReadEntry Read(BlockEncoder encoder, string text)
    {
        var bytes = Parsed.Bytes(text);
        return encoder.Encode(new SourceBlock { Source = "web", Format = LogFormats.Named("combined"), Lines = bytes, File = "f", From = 0,
            To = bytes.Length, Check = "c" }).Read;
    }
}
