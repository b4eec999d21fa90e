using System.Text;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Explain;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class StorageReadTests
{
    private const string Record = "agent 2026-11-02T00:01:58.327809 192.0.2.1 1a2b";

    public static string Line(string operation = "GetBlob", string address = "192.0.2.1:50000",
        string uri = "https://updates.blob.core.windows.net:443/$web/updates.2.tsv?id=1a2b", string agent = "x",
        string category = "StorageRead") =>
        $$$"""{"time":"2026-11-02T00:01:58.3278090Z","category":"{{{category}}}","operationName":"{{{operation}}}","statusCode":200,"callerIpAddress":"{{{address}}}","uri":"{{{uri}}}","properties":{"userAgentHeader":"{{{agent}}}","objectKey":"/x"}}""";

    [Theory]
    [InlineData("GetBlob", Record)]
    [InlineData("GetWebContent", Record)]
    [InlineData("PutBlob", "not-get")]
    [InlineData("GetBlobProperties", "not-get")]
    [InlineData("GET", "not-get")]
    [InlineData("", "malformed")]
    public void An_operation_is_a_method(string operation, string expected) =>
        Assert.Equal(expected, Parsed.One("storage-read", Line(operation)));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("2001:DB8::1", "2001:db8::1")]
    public void A_port_may_be_there(string text, string address) => Assert.Equal($"agent 2026-11-02T00:01:58.327809 {address} 1a2b",
        Parsed.One("storage-read", Line(address: text)));

    [Fact]
    public void Another_category_is_another_log() => Assert.Equal("malformed", Parsed.One("storage-read", Line(category: "StorageWrite")));

    /// <summary>Promise 3: a shared access signature is in no column and no explanation.</summary>
    [Fact]
    public void A_signature_leaves_nothing_behind()
    {
        var line = Line(uri: "https://h/$web/updates.tsv?se=2026&sig=WWWWZZZZ%3D&id=1a2b", agent: "qqqq");
        Assert.Equal(Record, Parsed.One("storage-read", line));
        var bytes = Encoding.ASCII.GetBytes(line);
        var said = System.Text.Json.JsonSerializer.Serialize(new Explainer(LogFormats.Named("storage-read")).Next(bytes, bytes.Length));
        Assert.DoesNotContain("WWWW", said, StringComparison.Ordinal);
        Assert.DoesNotContain("qqqq", said, StringComparison.Ordinal);
    }
}
