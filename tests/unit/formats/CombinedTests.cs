using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class CombinedTests
{
    private const string Agent = "agent 2026-01-05T08:01:02 203.0.113.9 1a2b";
    private const string Check = "xencenter 2026-01-05T08:01:02 203.0.113.9 2025.2.0.8315";

    private static string Line(string head = "203.0.113.9 - -", string request = "GET /updates.2.tsv?id=1a2b HTTP/1.1",
        string tail = " 200 164 \"-\" \"Citrix XenServer AutoUpdate\"") =>
        $"{head} [05/Jan/2026:08:01:02 +0000] \"{request}\"{tail}";

    [Theory]
    [InlineData("203.0.113.9 - -")]
    [InlineData("203.0.113.9 - alice")]
    [InlineData("203.0.113.9 ident alice")]
    [InlineData("203.0.113.9 - alice in chains")]
    [InlineData("203.0.113.9 - \"\"")]
    [InlineData("203.0.113.9:8080 - -")]
    [InlineData("::ffff:203.0.113.9 - -")]
    public void Heads_that_are_read(string head) => Assert.Equal(Agent, Parsed.Combined(Line(head)));

    [Theory]
    [InlineData("10.0.0.2, 10.0.0.1, 203.0.113.9 - -")]
    [InlineData("203.0.113.9,10.0.0.1 - -")]
    [InlineData("\"10.0.0.2, 203.0.113.9\" - -")]
    [InlineData("example.net 203.0.113.9 - -")]
    [InlineData("localhost - -")]
    [InlineData("203.0.113.9 -")]
    [InlineData("203.0.113.9")]
    [InlineData("203.0.113.9  -")]
    [InlineData(" 203.0.113.9 - -")]
    [InlineData("<13>Jan 5 08:01:02 host nginx: 203.0.113.9 - -")]
    public void Heads_of_another_shape_are_malformed(string head) => Assert.Equal("malformed", Parsed.Combined(Line(head)));

    [Theory]
    [InlineData("", "malformed")]
    [InlineData("-", "malformed")]
    [InlineData("\\x16\\x03\\x01\\x02\\x00\\x01", "malformed")]
    [InlineData("\\n", "malformed")]
    [InlineData("<SCRIPT>NXSSTEST</SCRIPT>", "malformed")]
    [InlineData("GET /updates.tsv", "malformed")]
    [InlineData("GET  /updates.tsv HTTP/1.1", "malformed")]
    [InlineData("GET /updates.tsv  HTTP/1.1", "malformed")]
    [InlineData("GET /a b/updates.tsv HTTP/1.1", "malformed")]
    [InlineData("GET /updates.tsv HTTP/1.1 ", "malformed")]
    [InlineData("GET /updates.tsv FTP/1.1", "malformed")]
    [InlineData("GET /updates.2.tsv?id=1a2b HTTP/1.0", Agent)]
    [InlineData("GET /updates.2.tsv?id=1a2b HTTP/2.0", Agent)]
    [InlineData("GET http://updates.example.net/updates.2.tsv?id=1a2b HTTP/1.1", Agent)]
    [InlineData("GET http://updates.xml HTTP/1.1", "other-path")]
    [InlineData("GET http://updates.tsv?id=1a2b HTTP/1.1", "other-path")]
    [InlineData("GET /x?y=/updates.tsv HTTP/1.1", "other-path")]
    [InlineData("GET /\\\"x\\\\/updates.2.tsv?id=1a2b HTTP/1.1", Agent)]
    [InlineData("GET /\\x22/updates.2.tsv?id=1a2b HTTP/1.1", Agent)]
    [InlineData("HEAD /updates.2.tsv?id=1a2b HTTP/1.1", "not-get")]
    [InlineData("POST /xc/XCUpdates.xml HTTP/1.1", "not-get")]
    [InlineData("get /updates.tsv HTTP/1.1", "not-get")]
    [InlineData("POST /x HTTP/1.1", "other-path")]
    [InlineData("OPTIONS * HTTP/1.1", "other-path")]
    [InlineData("CONNECT example.net:443 HTTP/1.1", "other-path")]
    public void Requests_are_read_or_are_malformed(string request, string expected) =>
        Assert.Equal(expected, Parsed.Combined(Line(request: request)));

    [Theory]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\"", Check)]
    [InlineData(" 304 - \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\"", Check)]
    [InlineData(" 200 12 \"http://a/\\\"b\\\"\" \"XenCenter/2025.2.0.8315 (64-bit)\"", Check)]
    [InlineData(" 200 12 \"x\\\\\" \"XenCenter/2025.2.0.8315 (64-bit)\"", Check)]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\" \"-\"", Check)]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\" \"10.0.0.1, 10.0.0.2\" \"\"", Check)]
    [InlineData(" 200 12 \"-\" \"\\\"XenCenter/2025.2.0.8315 (64-bit)\"", "other-client")]
    [InlineData(" 200 12", "no-agent-string")]
    [InlineData(" 200 12 \"-\" \"-\"", "no-agent-string")]
    [InlineData(" 200 12 \"-\" \"\"", "no-agent-string")]
    [InlineData(" 200 12 \"-\" \"node\"", "other-client")]
    [InlineData(" 200 12 \"-\" \"XenCenter/8.2 (64-bit)\"", "bad-version")]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)", "malformed")]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\\\"", "malformed")]
    [InlineData(" 200 12 \"-\" \"XenCenter\\", "malformed")]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\" x", "malformed")]
    [InlineData(" 200 12 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\" ", "malformed")]
    [InlineData(" 200 12 \"-\"", "malformed")]
    [InlineData(" 200 12 ", "malformed")]
    [InlineData(" 200 1x \"-\" \"-\"", "malformed")]
    [InlineData(" 20 12 \"-\" \"-\"", "malformed")]
    [InlineData(" 2000 12 \"-\" \"-\"", "malformed")]
    [InlineData(" 200", "malformed")]
    [InlineData("", "malformed")]
    public void Tails_are_read_or_are_malformed(string tail, string expected) =>
        Assert.Equal(expected, Parsed.Combined(Line(request: "GET /xc/XCUpdates.xml HTTP/1.1", tail: tail)));

    /// <summary>Rule 30: the first failing check, in one order.</summary>
    [Theory]
    [InlineData("203.0.113.9 - - [x] \"HEAD /x HTTP/1.1\" 20 1", "malformed")]
    [InlineData("203.0.113.9 - - [x] \"HEAD /x HTTP/1.1\" 200 1", "bad-time")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"HEAD /x HTTP/1.1\" 200 1", "other-path")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"HEAD /updates.xml HTTP/1.1\" 200 1", "not-get")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" 200 1", "no-agent-string")]
    public void The_first_failing_check_is_the_reason(string line, string expected) => Assert.Equal(expected, Parsed.Combined(line));

    /// <summary>Rule 29.</summary>
    [Fact]
    public void Lines_end_with_or_without_carriage_return_and_the_last_may_be_unterminated()
    {
        var lines = Parsed.Parse("combined", $"\u00EF\u00BB\u00BF{Line()}\r\n\r\n\n{Line()}\n \n{Line()}");
        Assert.Equal([Agent, Agent, Agent, "empty 1", "empty 2", "malformed 4"], Parsed.Outcome(lines));
        Assert.Equal(6, lines.Lines);
    }

    [Theory]
    [InlineData(65_536, "\n", "malformed")]
    [InlineData(65_536, "\r\n", "malformed")]
    [InlineData(65_537, "\n", "too-long")]
    [InlineData(65_537, "", "too-long")]
    [InlineData(1_000_000, "\r\n", "too-long")]
    public void A_line_of_more_than_64_KiB_is_too_long(int length, string end, string expected) =>
        Assert.Equal(expected, Parsed.Combined(new string('-', length) + end));

    [Fact]
    public void A_nul_byte_makes_a_line_malformed_wherever_it_stands()
    {
        var lines = Parsed.Parse("combined", $"{Line()}\n{Line(tail: " 200 1 \"-\" \"a\0b\"")}\n{new string('\0', 40)}\n{Line()}\n");
        Assert.Equal([Agent, Agent, "malformed 1", "malformed 2"], Parsed.Outcome(lines));
        Assert.Equal([new RejectionRun(Reason.Malformed, 1, 2)], lines.Rejections.Runs.ToArray());
    }

    [Fact]
    public void Ids_that_were_cut_or_refused_are_counted()
    {
        var lines = Parsed.Parse("combined", string.Join('\n',
            Line(request: "GET /updates.tsv?id=c78a6eeb-bc03-450c-5c86-a183c43a110f HTTP/1.1"),
            Line(request: "GET /updates.tsv?id=zz!? HTTP/1.1"),
            Line(request: "GET /updates.tsv HTTP/1.1"),
            Line()));
        Assert.Equal((4, 1L, 1L, 2), (lines.Agent.Rows, lines.LongIds, lines.BadIds, lines.Agent.Strings[1].AbsentCount));
    }
}
