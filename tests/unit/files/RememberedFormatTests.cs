using Pipeline.Ingest.Formats;
using Pipeline.Tests.Unit.Formats;

namespace Pipeline.Tests.Unit.Files;

public sealed class RememberedFormatTests : IDisposable
{
    private const string Line = "203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.tsv HTTP/1.1\" 200 1 \"-\" \"-\"\n";
    private readonly LogFolder _logs = new();
    private readonly FakeSink _sink = new();

    [Fact]
    public async Task A_file_whose_format_had_parameters_asks_for_them_again()
    {
        _logs.Write("a.log", Line);
        var nginx = LogFormats.Named(NginxTests.Combined);
        Assert.Equal(("nginx", null), (await _logs.ImportAsync(_sink, format: nginx)) is [var first] ? (first.Format, first.Error)
            : default);
        _logs.Append("a.log", Line);
        var error = Assert.Single(await _logs.ImportAsync(_sink, auto: true)).Error;
        Assert.Contains("read as nginx before", error, StringComparison.Ordinal);
        Assert.Contains("--format", error, StringComparison.Ordinal);
        Assert.DoesNotContain("203.0.113.9", error, StringComparison.Ordinal);
        Assert.Single(_sink.Lines);
        Assert.Null(Assert.Single(await _logs.ImportAsync(_sink, format: nginx)).Error);
        Assert.Equal(2, _sink.Lines.Count);
    }

    [Fact]
    public void Names_without_parameters_are_remembered() =>
        Assert.All(["combined", "common", "iis-w3c", "appservice-w3c"], (string name) =>
            Assert.Equal(name, LogFormats.Remembered(name, out _)?.Name));

    public void Dispose() => _logs.Dispose();
}
