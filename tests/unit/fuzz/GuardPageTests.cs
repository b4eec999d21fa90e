using System.Text;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Tests.Unit.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>
/// Readers that take references without a check of bounds, on hostile lines that lie against a guard page: a byte read or written over
/// either end ends the test run.
/// </summary>
public sealed class GuardPageTests
{
    private const int Lines = 10_000, Most = 1 << 17;

    [Fact]
    public void The_pages_round_the_bytes_cannot_be_touched()
    {
        using var guarded = new GuardedBytes(Most);
        Assert.True(guarded.IsGuarded());
        guarded.AtEnd(Most).Fill(1);
        guarded.AtStart(Most).Fill(2);
    }

    [Theory]
    [InlineData("combined")]
    [InlineData("iis-w3c")]
    [InlineData("appservice-w3c")]
    [InlineData("appservice-json")]
    [InlineData("frontdoor")]
    [InlineData("storage-read")]
    public void No_format_reads_beyond_a_line(string name)
    {
        var format = LogFormats.Named(name, null);
        var corpus = name == "combined" ? Corpus.Text : format.IsJson ? Corpus.Json : Corpus.W3c;
        var fields = corpus == Corpus.W3c ? Parsed.W3cHeader["#Fields: ".Length..] : null;
        using var guarded = new GuardedBytes(Most);
        var (choose, made, lines) = (Chooser.For(20, name.Length), new Mutator(), TestContracts.Lines());
        for (var i = 0; i < Lines; i++)
        {
            made.Clear();
            made.AddLine(choose, corpus);
            // Every second without its end, as the last line of a file is.
            var line = i % 2 == 0 ? made.Bytes : made.Bytes.TrimEnd("\r\n"u8);
            lines.Clear();
            format.Parse(Placed(guarded, line, atEnd: i % 4 < 2), fields, lines);
        }
    }

    [Fact]
    public void No_string_of_JSON_is_read_or_written_beyond_its_end()
    {
        using var from = new GuardedBytes(Most);
        using var to = new GuardedBytes(Most);
        var (choose, made) = (Chooser.For(20, 1), new Mutator());
        for (var i = 0; i < Lines; i++)
        {
            made.Clear();
            made.AddLine(choose, Corpus.Json);
            var text = Placed(from, made.Bytes.TrimEnd("\r\n"u8), atEnd: true);
            for (var at = 0; at < text.Length; at++)
            {
                if (text[at] != '"')
                {
                    continue;
                }
                var strings = new JsonCursor(text, at);
                var copies = new JsonCursor(text, at);
                var found = strings.TryString(out var raw, out _);
                Assert.Equal(found, copies.TryStringInto(to.AtEnd(text.Length - at), out var written));
                if (found)
                {
                    Assert.Equal(written, JsonEscapes.Undo(raw, to.AtEnd(raw.Length)));
                }
            }
        }
    }

    [Fact]
    public void No_address_is_read_beyond_its_end()
    {
        using var guarded = new GuardedBytes(Most);
        var (choose, scratch) = (Chooser.For(20, 2), new byte[ClientAddress.MaxLength]);
        byte[][] seeds = [.. new[] { "203.0.113.9", "255.255.255.255:65535", "[2001:db8::1]:443", "::ffff:1.2.3.4", "fe80::1%eth0",
            "1.2.3.",
            "999.1.1.1.1.1.1.1.1.1", "0000000000000000000000" }.Select(Encoding.ASCII.GetBytes)];
        for (var i = 0; i < Lines * 10; i++)
        {
            var seed = seeds[choose.Below(seeds.Length)].AsSpan();
            var text = guarded.AtEnd(choose.Below(seed.Length + 1));
            seed[^text.Length..].CopyTo(text);
            if (text.Length > 0)
            {
                text[choose.Below(text.Length)] = (byte)choose.Below(256);
            }
            var quad = ClientAddress.DottedQuad(text);
            Assert.InRange(quad, 0, text.Length);
            ClientAddress.TryNormalise(text, scratch, out _);
        }
    }

    private static ReadOnlySpan<byte> Placed(GuardedBytes guarded, ReadOnlySpan<byte> bytes, bool atEnd)
    {
        var place = atEnd ? guarded.AtEnd(bytes.Length) : guarded.AtStart(bytes.Length);
        bytes.CopyTo(place);
        return place;
    }
}
