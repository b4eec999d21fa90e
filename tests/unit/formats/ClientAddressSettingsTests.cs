using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.W3c;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class ClientAddressSettingsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-client-address-");

    [Fact]
    public void A_source_says_whose_address_its_lines_have()
    {
        var source = Load(
            "format: iis-w3c\n    client-address:\n      field: X-Forwarded-For\n      from: [10.0.0.0/8, '2001:db8::/32', 192.0.2.1]\n " +
            "     otherwise: peer");
        var rule = source.ClientAddress!;
        Assert.Equal(("X-Forwarded-For", true, "10.0.0.0/8 2001:db8::/32 192.0.2.1/32"),
            (rule.Field, rule.PeerOtherwise, string.Join(' ', rule.From)));
        Assert.Same(rule, Assert.IsType<W3cFormat>(source.LineFormat).Client);
        Assert.Null(Load("format: auto").LineFormat);
        Assert.False(Load("format: appservice-w3c\n    client-address: {field: X, from: 10.0.0.0/8}").ClientAddress!.PeerOtherwise);
    }

    [Fact]
    public void A_format_may_have_parameters() =>
        Assert.Equal("nginx",
            Load("format: 'nginx:$remote_addr [$time_local] \"$request\" \"$http_x_forwarded_for\"'\n    client-address: {field: " +
            "$http_x_forwarded_for, from: 10.0.0.0/8}").LineFormat!.Name);

    [Theory]
    [InlineData("format: combined\n    client-address: {field: X, from: 10.0.0.0/8}", "has one address only")]
    [InlineData("format: auto\n    client-address: {field: X, from: 10.0.0.0/8}", "found auto with client-address")]
    [InlineData("format: iis-w3c\n    client-address: {field: X}", "names no network")]
    [InlineData("format: iis-w3c\n    client-address: {from: 10.0.0.0/8}", "expected the field that names the client")]
    [InlineData("format: iis-w3c\n    client-address: {field: X, from: 10.0.0.1/8}", "found '10.0.0.1/8', expected a network")]
    [InlineData("format: iis-w3c\n    client-address: {field: X, from: [proxy.example]}", "found 'proxy.example', expected a network")]
    [InlineData("format: iis-w3c\n    client-address: {field: X, from: 10.0.0.0/8, otherwise: drop}", "expected reject")]
    [InlineData("format: iis-w3c\n    client-address: {field: X, from: 10.0.0.0/8, trust: all}",
        "'sources.client-address.trust' is no setting")]
    [InlineData("format: iis-w3c\n    client-address: yes", "expected {field, from, otherwise}")]
    [InlineData("format: 'nginx:$remote_addr'", "no time")]
    [InlineData("format: nginx", "needs the log_format")]
    [InlineData("format: clf", "expected one of combined, iis-w3c, appservice-json")]
    public void What_cannot_be_is_told_with_the_others(string source, string told) =>
        Assert.Contains(told, Assert.ThrowsAny<PipelineException>(() => Load(source)).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Delete(recursive: true);

    private SourceSettings Load(string source)
    {
        var file = Path.Combine(_folder.FullName, "pipeline.yaml");
        File.WriteAllText(file, $"sources:\n  - name: web1\n    paths: [access.log]\n    {source}\n");
        return Assert.Single(SettingsLoader.Load(file, _folder.FullName, new Dictionary<string, string>()).Sources);
    }
}
