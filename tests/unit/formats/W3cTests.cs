using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.W3c;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class W3cTests
{
    private const string Check = "xencenter 2026-01-05T08:01:02 203.0.113.9 2025.2.0.8315";
    private const string Row =
        "2026-01-05 08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 XenCenter/2025.2.0.8315+(64-bit) - 200 0 0 15";

    [Theory]
    [InlineData(Row, Check)]
    [InlineData("2026-01-05 08:01:03 10.0.0.4 GET /updates.2.tsv id=1a2b&X-ARR-LOG-ID=x 443 - fe80::1%3 Citrix+XenServer+AutoUpdate - " +
        "200 0 0 3", "agent 2026-01-05T08:01:03 fe80::1 1a2b")]
    [InlineData("2026-01-05 08:01:03.25 10.0.0.4 GET /updates.2.tsv - 443 - ::1%0 - - 200 0 0 3",
        "agent 2026-01-05T08:01:03.25 ::1 absent")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 - - 200 0 0 15", "no-agent-string")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 XCP-ng+Center/20.03.0.29+(64-bit) - 200 0 0 15",
        "other-client")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 J\u00c3\u00a9sus - 200 0 0 15", "other-client")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 POST /xs/XCUpdates.xml - 443 - 203.0.113.9 - - 200 0 0 15", "not-get")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET / ${#x} 443 - 203.0.113.9 - - 200 0 0 15", "other-path")]
    [InlineData("20x6-01-05 08:01:02 10.0.0.4 GET / - 443 - 203.0.113.9 - - 200 0 0 15", "bad-time")]
    [InlineData("- 08:01:02 10.0.0.4 GET / - 443 - 203.0.113.9 - - 200 0 0 15", "bad-time")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET / - 443 - - - - 200 0 0 15", "malformed")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET / - 443 - 203.0.113.9,10.0.0.1 - - 200 0 0 15", "malformed")]
    [InlineData(Row + " 1", "malformed")]
    [InlineData("2026-01-05 08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 XenCenter/2025.2.0.8315+(64-bit) - 200 0 0",
        "malformed")]
    [InlineData("2026-01-05  08:01:02 10.0.0.4 GET /xs/XCUpdates.xml - 443 - 203.0.113.9 XenCenter/2025.2.0.8315+(64-bit) - 200 0 0 15",
        "malformed")]
    [InlineData("\u0016\u0003\u0001\u0002", "malformed")]
    public void Rows_are_read_or_refused(string row, string expected) => Assert.Equal(expected, Parsed.W3c(row));

    [Fact]
    public void Rows_before_any_field_list_are_malformed() => Assert.Equal("malformed", Parsed.One("iis-w3c", Row));

    [Fact]
    public void A_field_list_in_force_from_before_the_block_counts() =>
        Assert.Equal(Check, Parsed.One("iis-w3c", Row, Parsed.W3cHeader["#Fields: ".Length..]));

    [Fact]
    public void Names_that_no_server_is_known_to_write_leave_a_placeholder_in_their_place_and_rows_are_read_on()
    {
        const string list = "DATE time john.smith\tc-ip cs-method cs(Secret-Header) cs-uri-stem cs(User-Agent)",
            kept = "date time - c-ip cs-method - cs-uri-stem cs(User-Agent)";
        const string row = "2026-01-05 08:01:02 x 203.0.113.9 GET y /xs/XCUpdates.xml XenCenter/2025.2.0.8315+(64-bit)\n";
        var format = LogFormats.Named("iis-w3c");
        var block = Parsed.Bytes($"#Fields: {list}\n{row}");
        var into = TestContracts.Lines();
        Assert.Equal(kept, format.Parse(block, null, into));
        Assert.Equal(kept, format.FieldsAfter(block, null));
        Assert.Equal([Check], Parsed.Outcome(into));
        Assert.Equal(Check, Parsed.One("iis-w3c", row, kept));
        Assert.Same(kept, format.FieldsAfter(block, kept));
    }

    [Fact]
    public void The_field_that_the_configuration_names_for_the_client_is_kept()
    {
        var format = new W3cFormat(client: new ClientAddressRule("X-Edge-Client", [], true));
        Assert.Equal("date cs(X-Edge-Client) X-Edge-Client -", format.FieldsAfter(
            "#Fields: date cs(x-edge-client) x-edge-client cs(x-edge)\n"u8, null));
    }

    [Fact]
    public void The_field_list_may_change_in_mid_file_and_directives_are_no_lines()
    {
        var text = string.Join("\r\n",
            "\u00EF\u00BB\u00BF#Software: Microsoft Internet Information Services 10.0", Parsed.W3cHeader, Row,
            "#Software: again", "#Date: 2026-01-05 08:01:02", "#fields: date",
                "#Fields:\tCS-Method  c-ip date time cs(User-Agent) cs-uri-stem ",
            "GET 203.0.113.9 2026-01-05 08:01:02 XenCenter/2025.2.0.8315+(64-bit) /updates.xml", Row, "",
            "\u00EF\u00BB\u00BF" + Parsed.W3cHeader, Row,
            "#Fields: date time c-ip", Row, "2026-01-05 08:01:02 203.0.113.9", "");
        var lines = Parsed.Parse("iis-w3c", text);
        Assert.Equal([Check, Check, Check, "malformed 8", "empty 9", "malformed 13", "malformed 14"], Parsed.Outcome(lines));
        Assert.Equal(7, lines.Lines);
        Assert.Equal("date time c-ip", LogFormats.Named("iis-w3c").FieldsAfter(Parsed.Bytes(text), null));
    }

    [Fact]
    public void A_field_list_that_no_server_wrote_fits_no_row()
    {
        var format = LogFormats.Named("iis-w3c");
        var hostile = Parsed.Bytes("#Fields: " + string.Join(' ', Enumerable.Repeat("date", 3000)) + "\n" + Row + "\n");
        var into = TestContracts.Lines();
        Assert.Equal("", format.Parse(hostile, Parsed.W3cHeader["#Fields: ".Length..], into));
        Assert.Equal("", format.FieldsAfter(hostile, null));
        Assert.Equal(1, into.Rejections.Count(Reason.Malformed));
        Assert.Equal("malformed", Parsed.One("iis-w3c", Row, string.Join(' ', Enumerable.Repeat("date", 200))));
    }

    [Fact]
    public void Directives_are_told_by_their_first_byte()
    {
        var format = LogFormats.Named("iis-w3c");
        Assert.True(format.IsDirective("#Fields: date\r\n"u8));
        Assert.True(format.IsDirective(Parsed.Bytes("\u00EF\u00BB\u00BF#x")));
        Assert.False(format.IsDirective(" #x"u8));
        Assert.False(format.IsDirective(""u8));
        Assert.False(LogFormats.Named("combined").IsDirective("#x"u8));
        Assert.Equal("malformed", Parsed.Combined("#Fields: date"));
    }
}
