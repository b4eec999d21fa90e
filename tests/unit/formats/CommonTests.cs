using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class CommonTests
{
    private const string Head = "203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] ";

    [Theory]
    [InlineData("\"GET /updates.2.tsv?id=1a2b HTTP/1.1\" 200 164", "agent 2026-01-05T08:01:02 203.0.113.9 1a2b")]
    [InlineData("\"GET /updates.2.tsv?id=1a2b HTTP/1.1\" 304 -", "agent 2026-01-05T08:01:02 203.0.113.9 1a2b")]
    [InlineData("\"GET /xc/XCUpdates.xml HTTP/1.1\" 200 164", "no-agent-string")]
    [InlineData("\"GET /x HTTP/1.1\" 200 164", "other-path")]
    [InlineData("\"GET /updates.2.tsv HTTP/1.1\" 200 164 \"-\" \"-\"", "malformed")]
    [InlineData("\"GET /updates.2.tsv HTTP/1.1\" 200 164 ", "malformed")]
    [InlineData("\"GET /updates.2.tsv HTTP/1.1\" 200", "malformed")]
    [InlineData("\"-\" 408 -", "malformed")]
    public void Lines_end_with_the_bytes(string tail, string expected) => Assert.Equal(expected, Parsed.One("common", Head + tail));

    [Fact]
    public void Combined_takes_lines_of_common_too_and_detection_names_combined()
    {
        var line = Head + "\"GET /updates.2.tsv?id=1a2b HTTP/1.1\" 200 164\n";
        Assert.Equal(Parsed.One("common", line), Parsed.Combined(line));
        Assert.Equal("combined", Ingest.Formats.Detect.Of(Parsed.Bytes(line)).Format?.Name);
    }

    [Fact]
    public void A_time_that_cannot_be_read_is_a_bad_time() => Assert.Equal("bad-time",
        Parsed.One("common", "203.0.113.9 - - [05/Jan/2026] \"GET /x HTTP/1.1\" 200 1"));
}
