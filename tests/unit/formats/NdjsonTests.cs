using System.Net;
using Pipeline.Core;
using Pipeline.Ingest.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class NdjsonTests
{
    public const string Spec = "ndjson:time=ts,client_ip=client.ip,method=http.request.method,uri=http.request.uri,agent=user_agent";

    private const string Record = "agent 2026-11-02T00:01:58.327809 192.0.2.1 1a2b";

    public static string Line(string time = "\"2026-11-02T00:01:58.327809Z\"", string uri = "/updates.tsv?id=1a2b", string more = "") =>
        $$$"""{"ts":{{{time}}},"client":{"ip":"192.0.2.1","port":1},"http":{"version":"2","request":{"method":"GET","uri":"{{{uri}}}"}},"user_agent":"x"{{{more}}}}""";

    [Fact]
    public void Fields_are_found_by_their_paths()
    {
        Assert.Equal(Record, Parsed.One(Spec, Line()));
        Assert.Equal(Record, Parsed.One(Spec, Line(uri: "https://updates.example.net/updates.tsv?id=1a2b")));
        Assert.Equal(Record, Parsed.One(Spec, Line(more: ",\"TS\":1,\"Client\":{\"ip\":\"x\"}")));
        Assert.Equal("malformed", Parsed.One(Spec, Line(more: ",\"client\":{\"ip\":1}")));
        Assert.Equal("malformed", Parsed.One(Spec, "{\"ts\":\"2026-11-02T00:01:58Z\"}"));
        Assert.Equal("agent 2026-11-02T00:01:58 192.0.2.1 1a2b", Parsed.One("ndjson:time=t,client_ip=a,method=m,path=p,query=q", """{"t":"2026-11-02T01:01:58+01:00","a":"192.0.2.1","m":"GET","p":"/updates.tsv","q":"?id=1A2B"}"""));
    }

    [Theory]
    [InlineData("unix", "1793577718.3278099", "58.327809")]
    [InlineData("unix", "\"1793577718\"", "58")]
    [InlineData("unixms", "1793577718327", "58.327")]
    [InlineData("unixms", "1793577718327.8094", "58.327809")]
    [InlineData("unixus", "1793577718327809", "58.327809")]
    [InlineData("unix", "1.793577718e9", null)]
    [InlineData("unix", "-1793577718", null)]
    [InlineData("unix", "1793577718327", null)]
    [InlineData("unixms", "1793577718", null)]
    [InlineData("unix", "null", null)]
    [InlineData("unix", "\"2026-11-02T00:01:58Z\"", null)]
    [InlineData("rfc3339", "1793577718", null)]
    public void Numbers_are_times_where_the_parameters_say_so(string kind, string time, string? seconds) =>
        Assert.Equal(seconds is null ? "bad-time" : $"agent 2026-11-02T00:01:{seconds} 192.0.2.1 1a2b",
            Parsed.One(Spec.Replace("time=ts", $"time=ts:{kind}", StringComparison.Ordinal), Line(time)));

    [Theory]
    [InlineData("", "needs the names of its fields")]
    [InlineData(":", "expected one of time=FIELD")]
    [InlineData(":time=a,client_ip=b,method=c", "either path=FIELD or uri=FIELD")]
    [InlineData(":time=a,client_ip=b,method=c,uri=d,path=e", "either path=FIELD or uri=FIELD")]
    [InlineData(":time=a,client_ip=b,method=c,uri=d,query=e", "query beside uri")]
    [InlineData(":client_ip=b,method=c,uri=d", "lacks time=FIELD")]
    [InlineData(":time=a,time=a,client_ip=b,method=c,uri=d", "has time twice")]
    [InlineData(":time=a:iso,client_ip=b,method=c,uri=d", "expected one of rfc3339, unix, unixms, unixus")]
    [InlineData(":time=a,client_ip=b,method=c,uri=d,status=e", "has 'status=e'")]
    [InlineData(":time=a,client_ip=a,method=c,uri=d", "for two things")]
    [InlineData(":time=a,client_ip=a.b,method=c,uri=d", "within field 'a'")]
    [InlineData(":time=a,client_ip=b..c,method=c,uri=d", "has field 'b..c'")]
    [InlineData(":time=a,client_ip=1.2.3.4.5.6.7.8.9,method=c,uri=d", "1 to 8 names")]
    public void Parameters_that_name_too_little_are_told_what_is_wrong(string parameters, string expected)
    {
        var stop = Assert.ThrowsAny<PipelineException>(() => LogFormats.Named("ndjson" + parameters));
        Assert.IsType<UsageException>(stop);
        Assert.Contains(expected, stop.Message, StringComparison.Ordinal);
        Assert.Contains("for example ndjson:time=", stop.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_names_another_field()
    {
        var into = TestContracts.Lines();
        LogFormats.Named(Spec, new ClientAddressRule("http.request.forwarded", [IPNetwork.Parse("192.0.2.0/24")], false))
            .Parse(Parsed.Bytes(Line(uri: "/updates.tsv\",\"forwarded\":\"203.0.113.1, 198.51.100.7, 192.0.2.9")), null, into);
        Assert.Equal("agent 2026-11-02T00:01:58.327809 198.51.100.7 absent", Assert.Single(Parsed.Outcome(into)));
    }
}
