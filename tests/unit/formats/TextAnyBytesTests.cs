using System.Net;
using CsCheck;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Formats.W3c;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>Whatever the bytes are, for the formats that take no part in detection and for those with a rule for the client's
/// address.</summary>
public sealed class TextAnyBytesTests
{
    private static readonly string[] Seeds =
    [
        "203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.2.tsv?id=1a2b HTTP/1.1\" 200 164 \"-\" \"agent\" \"203.0.113.7, " +
            "10.0.0.1\"\n",
        "10.0.0.1 - a b [05/Jan/2026:08:01:02 +0200] \"GET /xc/XCUpdates.xml HTTP/1.1\" 200 - \"\\x22\\\"\" \"XenCenter/8.2.3.4 " +
            "(64-bit)\" \"for=\\x22[3fff::1]:7\\x22, for=_x\"\r\n",
        "10.0.0.1 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.2.tsv HTTP/1.1\" 200 164\n",
        "10.0.0.1|1767600062.123|GET|/updates.tsv?id=1a2b|-|203.0.113.7\n",
        "#Fields: date time s-sitename cs-method cs-uri-stem c-ip cs(User-Agent) X-Forwarded-For\n",
        "2026-01-05 08:01:02 X GET /updates.xml 10.0.0.1 XenCenter/8.2.3.4+(64-bit) 1.2.3.4,+203.0.113.9:80\n",
        "2026-01-05 08:01:02 ~1X GET /updates.xml 10.0.0.1 - unknown\n",
        "\n", "\r\n", "\0", "\"", "\\", "#Fields:", "for=\"",
    ];

    private static readonly Gen<byte[]> Hurt =
        Gen.Select(Gen.OneOf(Seeds), Gen.Select(Gen.Int[0, 200], Gen.Byte, Gen.Int[0, 2]).Array[0, 3]).Select((seed, wounds) =>
        {
            var bytes = Parsed.Bytes(seed).ToList();
            foreach (var (at, value, kind) in wounds.Where(w => w.Item1 < bytes.Count))
            {
                var i = Math.Min(at, bytes.Count);
                if (kind == 0)
                {
                    bytes[i] = value;
                }
                else if (kind == 1)
                {
                    bytes.RemoveRange(i, Math.Min(value % 20, bytes.Count - i));
                }
                else
                {
                    bytes.Insert(i, value);
                }
                if (bytes.Count == 0)
                {
                    break;
                }
            }
            return bytes.ToArray();
        });

    private static readonly Gen<byte[]> Blocks = Gen.Frequency((4, Hurt), (1, Gen.Byte.Array[0, 100])).Array[0, 8]
        .Select(parts => parts.SelectMany(part => part).ToArray());

    private static ILineFormat[] Formats()
    {
        ClientAddressRule Rule(string field, bool otherwise) => new(field, [IPNetwork.Parse("10.0.0.0/8")], otherwise);
        return
        [
            new CommonFormat(), new NginxFormat(NginxTests.Combined["nginx:".Length..]),
                new NginxFormat("$remote_addr|$msec|$request_method|$request_uri|$http_user_agent|$http_x_forwarded_for"),
            new NginxFormat(NginxTests.Combined["nginx:".Length..] + " \"$http_forwarded\"", Rule("$http_forwarded", false)),
            new W3cFormat("appservice-w3c"), new W3cFormat(client: Rule("X-Forwarded-For", true)),
        ];
    }

    [Fact]
    public void Lines_are_records_and_rejections_however_the_block_is_cut()
    {
        var formats = Formats();
        Gen.Select(Blocks, Gen.Int[0, 800]).Sample((block, cut) =>
        {
            foreach (var format in formats)
            {
                var whole = TestContracts.Lines();
                var after = format.Parse(block, null, whole);
                Assert.Equal(whole.Lines, whole.XenCenter.Rows + whole.Agent.Rows + whole.Rejections.Total + whole.Duplicates.Values.Sum());
                Assert.Equal(after, format.FieldsAfter(block, null));
                var split = block.AsSpan(0, Math.Min(cut, block.Length)).LastIndexOf((byte)'\n') + 1;
                var pieces = TestContracts.Lines();
                format.Parse(block.AsSpan(split), format.Parse(block.AsSpan(0, split), null, pieces), pieces);
                Assert.Equal(Parsed.Outcome(whole), Parsed.Outcome(pieces));
            }
        }, iter: 10_000);
    }

    [Fact]
    public void Any_log_format_is_compiled_or_refused() =>
        Gen.OneOf("$remote_addr", "$time_local", "$request", "$", "{", "}", "'", "\"", " ", "\\", "\n", "escape=", "json ", "log_format ",
            "$uri", "$is_args", "$args", "x", "é", ";").Array[0, 12].Select(string.Concat).Sample(text =>
        {
            try
            {
                Assert.NotEmpty(NginxLogFormat.Compile(text, null).Steps);
            }
            catch (Core.PipelineException e)
            {
                Assert.Contains("format nginx", e.Message, StringComparison.Ordinal);
            }
        }, iter: 50_000);
}
