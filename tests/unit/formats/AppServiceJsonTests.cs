using System.Text.Json;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class AppServiceJsonTests
{
    private const string Time = "2026-11-02T00:01:58.7631118Z";
    private const string Record = "agent 2026-11-02T00:01:58.763111 192.0.2.1 absent";

    public static string Line(string time = Time, string address = "192.0.2.1", string method = "GET", string stem = "/updates.2.tsv",
        string query = "-", string agent = "-") =>
        $$$"""{"time":"{{{time}}}","category":"AppServiceHTTPLogs","properties":{{{Properties(address, method, stem, query, agent)}}}}""";

    private static string Properties(string address = "192.0.2.1", string method = "GET", string stem = "/updates.2.tsv",
        string query = "-", string agent = "-") =>
        $$"""{"CsHost":"updates.example.net","CIp":"{{address}}","SPort":"443","CsUriStem":"{{stem}}","CsUriQuery":"{{query}}","CsMethod":"{{method}}","TimeTaken":5,"ScStatus":200,"UserAgent":"{{agent}}","Cookie":"--"}""";

    [Fact]
    public void Properties_may_be_an_object_or_a_text_in_any_order()
    {
        Assert.Equal(Record, Parsed.Json(Line()));
        Assert.Equal(Record, Parsed.Json($$"""{"properties":{{JsonSerializer.Serialize(Properties())}},"time":"{{Time}}"}"""));
        Assert.Equal(Record, Parsed.Json($$""" { "properties" : {{Properties()}} , "x":[1,{"y":null}], "time" : "{{Time}}" } """));
    }

    [Theory]
    [InlineData("XenCenter/8.2.3.4+(64-bit)", "xencenter 2026-11-02T00:01:58.763111 192.0.2.1 8.2.3.4")]
    [InlineData("XenCenter/8.2.3.4 (64-bit)", "xencenter 2026-11-02T00:01:58.763111 192.0.2.1 8.2.3.4")]
    [InlineData("XenCenter\\/8.2.3.4\\u002b(64-bit)", "xencenter 2026-11-02T00:01:58.763111 192.0.2.1 8.2.3.4")]
    [InlineData("", "no-agent-string")]
    [InlineData("-", "no-agent-string")]
    [InlineData("--", "no-agent-string")]
    [InlineData("\\ud83d\\ude00", "other-client")]
    [InlineData("\\ud83d", "other-client")]
    [InlineData("\\x", "malformed")]
    [InlineData("\\u12", "malformed")]
    [InlineData("a\tb", "malformed")]
    public void Agent_strings_are_read_through_their_escapes(string agent, string expected)
    {
        Assert.Equal(expected, Parsed.Json(Line(stem: "/xc/XCUpdates.xml", agent: agent)));
        Assert.Equal(expected, Parsed.Json($$"""{"time":"{{Time}}","properties":{{JsonSerializer.Serialize(Properties(stem: "\\/xc\\/XCUpdates.xml", agent: agent))}}}"""));
    }

    [Fact]
    public void Missing_values_are_missing()
    {
        Assert.Equal(Record, Parsed.Json($$$"""{"time":"{{{Time}}}","properties":{"CIp":"192.0.2.1","CsUriStem":"/updates.tsv","CsMethod":"GET"}}"""));
        Assert.Equal(Record, Parsed.Json($$$"""{"time":"{{{Time}}}","properties":{"CIp":"192.0.2.1","CsUriStem":"/updates.tsv","CsMethod":"GET","UserAgent":null,"CsUriQuery":null}}"""));
        Assert.Equal("malformed", Parsed.Json($$$"""{"time":"{{{Time}}}","properties":{"CsUriStem":"/updates.tsv","CsMethod":"GET"}}"""));
        Assert.Equal("malformed", Parsed.Json($$$"""{"time":"{{{Time}}}","properties":{"CIp":1,"CsUriStem":"/updates.tsv","CsMethod":"GET"}}"""));
        Assert.Equal("malformed", Parsed.Json($$$"""{"properties":{{{Properties()}}}}"""));
        Assert.Equal("bad-time", Parsed.Json($$$"""{"time":1700000000,"properties":{{{Properties()}}}}"""));
    }

    [Fact]
    public void Of_names_that_differ_by_case_the_exact_one_counts()
    {
        Assert.Equal(Record, Parsed.Json($$$"""{"Time":"x","time":"{{{Time}}}","TIME":1,"properties":{"cip":"x","CIp":"192.0.2.1","CIP":"y","CsUriStem":"/updates.tsv","CsMethod":"GET","errorInfo":"","ErrorInfo":""}}"""));
        Assert.Equal(Record, Parsed.Json($$$"""{"Time":"{{{Time}}}","Properties":{"cIp":"192.0.2.1","csuristem":"/updates.tsv","csmethod":"GET"}}"""));
    }

    /// <summary>Rule 29.</summary>
    [Fact]
    public void An_envelope_or_array_on_one_line_counts_element_by_element()
    {
        foreach (var text in new[] { $$"""{"records":[{{Line()}},1,{{Line(method: "HEAD")}},[],{{Line()}}]}""",
            $"[{Line()}, 1, {Line(method: "HEAD")}, [] ,{Line()}]" })
        {
            var lines = Parsed.Parse("appservice-json", text + "\n\n");
            Assert.Equal(6, lines.Lines);
            Assert.Equal([Record, Record, "malformed 0", "not-get 0", "malformed 0", "empty 1"], Parsed.Outcome(lines));
        }
        Assert.Equal(0, Parsed.Parse("appservice-json", "[]\n{\"records\":[]}\n").Lines);
    }

    [Theory]
    [InlineData("{\"records\":[")]
    [InlineData("{\"records\":[{}")]
    [InlineData("{\"records\":[{}]")]
    [InlineData("{\"records\":[{},]}")]
    [InlineData("{\"records\":1}")]
    [InlineData("[{}")]
    [InlineData("[{}] x")]
    [InlineData("{''\"records\"'': []}")]
    [InlineData("{} {}")]
    [InlineData("{")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":tru}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{,}")]
    [InlineData("   ")]
    [InlineData("null")]
    [InlineData("<SCRIPT>alert(1)</SCRIPT>")]
    public void What_is_no_whole_json_is_one_malformed_line(string text) => Assert.Equal("malformed", Parsed.Json(text));

    [Fact]
    public void Deep_nesting_is_refused_and_harms_nothing()
    {
        Assert.Equal("malformed", Parsed.Json(new string('[', 60_000)));
        Assert.Equal("malformed", Parsed.Json("{\"a\":" + new string('[', 30_000) + new string(']', 30_000) + "}"));
    }
}
