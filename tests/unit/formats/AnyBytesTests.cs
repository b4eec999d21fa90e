using System.Text;
using CsCheck;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>Whatever the bytes are: no exception, every line accounted for, and the same however the block is cut.</summary>
public sealed class AnyBytesTests
{
    private static readonly string[] Seeds =
    [
        "203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.2.tsv?id=1a2b HTTP/1.1\" 200 164 \"-\" \"Citrix XenServer " +
            "AutoUpdate\"\n",
        "2001:db8::1 - - [05/Jan/2026:08:01:02 +0200] \"GET /xc/XCUpdates.xml HTTP/1.1\" 200 - \"\\x22\\\"\" \"XenCenter/8.2.3.4 " +
            "(64-bit)\" \"-\"\r\n",
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status " +
            "sc-substatus sc-win32-status time-taken\n",
        "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent)\r\n",
        "\u00EF\u00BB\u00BF#Fields: date\n",
        "2026-01-05 08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 XenCenter/2025.2.0.8315+(64-bit) - 200 0 0 15\n",
        "2026-01-05 08:01:02 fe80::1%3 GET /updates.tsv -\n",
        AppServiceJsonTests.Line() + "\n",
        "{\"time\":\"2026-11-02T00:01:58.7631118\",\"properties\":\"{\\\"CIp\\\":\\\"::1\\\",\\\"CsMethod\\\":\\\"GET\\\",\\\"CsUriStem\\\":\\\"\\\\/updates.tsv\\\"}\"}\n",
        "{\"records\":[" + AppServiceJsonTests.Line() + ",{}]}\n",
        FrontDoorTests.Line() + "\n",
        FrontDoorTests.Line(more: ",\"isReceivedFromClient\":false") + "\n",
        StorageReadTests.Line() + "\n",
        NdjsonTests.Line() + "\n",
        "\n", "\r\n", "\0", "\"", "\\", "#Fields:", "[{", "\\u00",
    ];

    private static readonly Gen<byte[]> Noise = Gen.Frequency(
        (1, Gen.Byte.Array[0, 200]),
        (1, Gen.OneOf((byte)' ', (byte)'"', (byte)'\\', (byte)'\n', (byte)'\r', (byte)'[', (byte)']', (byte)'{', (byte)'}', (byte)':',
            (byte)',', (byte)'#', (byte)'0', (byte)'u').Array[0, 200]));

    /// <summary>Real lines, each with some bytes changed, cut or put in.</summary>
    private static readonly Gen<byte[]> Hurt =
        Gen.Select(Gen.OneOf(Seeds), Gen.Select(Gen.Int[0, 400], Gen.Byte, Gen.Int[0, 2]).Array[0, 3]).Select((seed, wounds) =>
        {
            var bytes = Parsed.Bytes(seed).ToList();
            foreach (var (at, value, kind) in wounds)
            {
                if (at < bytes.Count && kind == 0)
                {
                    bytes[at] = value;
                }
                else if (at < bytes.Count && kind == 1)
                {
                    bytes.RemoveRange(at, Math.Min(value % 20, bytes.Count - at));
                }
                else if (at <= bytes.Count && kind == 2)
                {
                    bytes.Insert(at, value);
                }
            }
            return bytes.ToArray();
        });

    private static readonly Gen<byte[]> Blocks = Gen.Frequency((3, Hurt), (1, Noise)).Array[0, 12]
        .Select(parts => parts.SelectMany(part => part).ToArray());

    private static readonly Gen<string?> Lists = Gen.OneOf<string?>(null, "", "date", Parsed.W3cHeader["#Fields: ".Length..],
        "date time c-ip cs-method cs-uri-stem cs(User-Agent)");

    [Theory]
    [InlineData("combined")]
    [InlineData("iis-w3c")]
    [InlineData("appservice-json")]
    [InlineData("frontdoor")]
    [InlineData("storage-read")]
    [InlineData(NdjsonTests.Spec)]
    public void Lines_are_records_and_rejections_however_the_block_is_cut(string name)
    {
        var format = LogFormats.Named(name);
        var isJson = format is JsonFormat;
        Gen.Select(Blocks, Lists, Gen.Int[0, 4000]).Sample(
            (block, fields, cut) =>
            {
                var whole = TestContracts.Lines();
                var after = format.Parse(block, fields, whole);
                Assert.Equal(whole.Lines, whole.XenCenter.Rows + whole.Agent.Rows + whole.Rejections.Total + whole.Duplicates.Values.Sum());
                var placed = whole.Rejections.Runs.ToArray().Sum(run => run.Count);
                // Elements of an envelope share a physical line.
                Assert.InRange(placed, isJson ? 0 : whole.Rejections.Total, whole.Rejections.Total);
                Assert.Equal(name == "iis-w3c" ? after : null, format.FieldsAfter(block, name == "iis-w3c" ? fields : null));
                if (!isJson)
                {
                    Assert.Equal(PhysicalLines(format, block), whole.Lines);
                }

                var split = block.AsSpan(0, Math.Min(cut, block.Length)).LastIndexOf((byte)'\n') + 1;
                var pieces = TestContracts.Lines();
                var between = format.FieldsAfter(block.AsSpan(0, split), fields);
                format.Parse(block.AsSpan(0, split), fields, pieces);
                Assert.Equal(after, format.Parse(block.AsSpan(split), between, pieces));
                Assert.Equal(Parsed.Outcome(whole), Parsed.Outcome(pieces));
                Assert.Equal(whole.Duplicates, pieces.Duplicates);
                Assert.Equal((whole.BadIds, whole.LongIds), (pieces.BadIds, pieces.LongIds));
            },
            iter: 20_000);
    }

    /// <summary>Rows keep to the contract's patterns whatever was read.</summary>
    [Fact]
    public void Whatever_is_kept_has_the_declared_form()
    {
        var lines = TestContracts.Lines();
        Blocks.Sample(
            block =>
            {
                var into = TestContracts.Lines();
                foreach (var format in LogFormats.All)
                {
                    format.Parse(block, Parsed.W3cHeader["#Fields: ".Length..], into);
                }
                for (var row = 0; row < into.XenCenter.Rows; row++)
                {
                    Assert.Matches(@"^[0-9]{1,9}(\.[0-9]{1,9}){3}$", Parsed.Text(into.XenCenter.Strings[1][row]));
                    Assert.True(System.Net.IPAddress.TryParse(Parsed.Text(into.XenCenter.Strings[0][row]), out _));
                }
                for (var row = 0; row < into.Agent.Rows; row++)
                {
                    Assert.Matches("^([0-9a-f]{4})?$", Parsed.Text(into.Agent.Strings[1][row]));
                    Assert.True(System.Net.IPAddress.TryParse(Parsed.Text(into.Agent.Strings[0][row]), out _));
                }
            },
            iter: 20_000);
    }

    [Fact]
    public void Any_start_of_a_log_is_judged_without_its_content() => Blocks.Sample(
        block =>
        {
            var found = Detect.Of(block);
            Assert.InRange(found.Confidence, 0, 100);
            Assert.DoesNotContain("203.0.113.9", found.Why, StringComparison.Ordinal);
        },
        iter: 2_000);

    private static long PhysicalLines(ILineFormat format, byte[] block)
    {
        var text = Encoding.Latin1.GetString(block);
        var lines = text.Split('\n');
        return lines.Take(text.EndsWith('\n') || text.Length == 0 ? lines.Length - 1 : lines.Length)
            .Count(line => !format.IsDirective(Parsed.Bytes(line)));
    }
}
