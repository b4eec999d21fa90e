using Pipeline.Cli.Settings;
using Pipeline.Core;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A source's `push:` section.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class PushSettingsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-push-settings-");

    [Fact]
    public void A_certificate_is_one_or_several_in_either_spelling()
    {
        var (one, two) = (new string('a', 64), new string('b', 64));
        var colons = string.Join(':', Enumerable.Repeat("BB", 32));
        Assert.Equal([one], Push($"{{client-certificate-sha256: {one}}}").ClientCertificates);
        Assert.Equal([one, two], Push($"{{client-certificate-sha256: [{one}, '{colons}'], token-sha256: {two}}}").ClientCertificates);
        Assert.Equal([one, two], Push($"{{token-sha256: [{one}, {two}]}}").Tokens);
        Assert.Equal(new PushSettings(), Push("true") with { ClientCertificates = new PushSettings().ClientCertificates });
        Assert.Equal("date time c-ip cs-method cs-uri-stem cs(User-Agent)",
            Push("{fields: date time c-ip cs-method cs-uri-stem cs(User-Agent)}", "iis-w3c").Fields);
    }

    [Theory]
    [InlineData("{client-certificate-sha256: abc}", "combined", "found 3 characters")]
    [InlineData("{client-certificate-sha256: []}", "combined", "found none")]
    [InlineData("{token-sha256: abc}", "combined", "expected 64 hex digits")]
    [InlineData("{token-sha256: []}", "combined", "found none")]
    [InlineData("{token-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}", "combined", "hash of the empty string")]
    [InlineData("{token-sha256: 2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E886266E7AE}", "combined", "pipeline push token")]
    [InlineData("{token-sha256: b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c}", "combined", "well-known word")]
    [InlineData("{fields: date time}", "iis-w3c", "date, time, c-ip")]
    [InlineData("{fields: date time}", "combined", "no list of columns")]
    [InlineData("{certificate: x}", "combined",
        "'sources.push.certificate' is no setting; known here: token-sha256, client-certificate-sha256, fields")]
    [InlineData("[x]", "combined", "true or false")]
    public void What_is_wrong_is_named(string push, string format, string said)
    {
        var refused = Assert.ThrowsAny<PipelineException>(() => Push(push, format));
        Assert.IsType<ConfigurationException>(refused);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_with_hashes_or_keys_that_every_user_may_read_are_warned_of()
    {
        var settings = new PipelineSettings
        {
            PushKey = Path.Combine(_folder.FullName, "tls.key"),
            Sources = [new("web", "combined", [], Push($"{{token-sha256: {new string('a', 64)}}}"), default)],
        };
        var config = Path.Combine(_folder.FullName, "pipeline.yaml");
        File.WriteAllText(settings.PushKey, "");
        var open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        (string File, UnixFileMode Mode)[] modes = [(config, open), (settings.PushKey, open)];
        Array.ForEach(modes, m => File.SetUnixFileMode(m.File, m.Mode));
        Assert.Equal(2, FileModes.Warnings(config, settings).Count());
        Array.ForEach(modes, m => File.SetUnixFileMode(m.File, m.Mode & ~UnixFileMode.OtherRead));
        Assert.Empty(FileModes.Warnings(config, settings));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private PushSettings Push(string push, string format = "combined")
    {
        var file = Path.Combine(_folder.FullName, "pipeline.yaml");
        File.WriteAllText(file, $"sources:\n  - {{name: web, format: {format}, push: {push}}}\n");
        return SettingsLoader.Load(file, _folder.FullName, new Dictionary<string, string>()).Sources[0].Push!;
    }
}
