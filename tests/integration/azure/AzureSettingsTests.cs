using Pipeline.Cli;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>How a store in Azure is named, and what is refused before anything is asked.</summary>
public sealed class AzureSettingsTests
{
    private const string Secret = "AccountName=a;AccountKey=c2VjcmV0";

    [Theory]
    [InlineData("http://account.blob.core.windows.net/captures", 4)]
    [InlineData("http://10.0.0.4:10000/account/captures", 4)]
    [InlineData("https://account.blob.core.windows.net", 78)]
    [InlineData("https://account.blob.core.windows.net/captures/more", 78)]
    [InlineData("https://account.blob.core.windows.net/Captures", 78)]
    [InlineData("https://account.blob.core.windows.net/captures?sv=1&sig=c2VjcmV0", 78)]
    [InlineData("https://me:c2VjcmV0@account.blob.core.windows.net/captures", 78)]
    [InlineData("ftp://account/captures", 78)]
    [InlineData("http://127.0.0.1:10000/captures", 78)]
    public void A_url_that_is_no_containers_or_would_go_in_the_clear_is_refused(string url, int exit)
    {
        var e = Assert.ThrowsAny<PipelineException>(() => AzureLocation.Parse(url));
        Assert.Equal(exit, ExitCode.Of(e));
        Assert.DoesNotContain("c2VjcmV0", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://account.blob.core.windows.net/captures", "account", "captures")]
    [InlineData("https://account.privatelink.blob.core.windows.net/captures/", "account", "captures")]
    [InlineData("http://127.0.0.1:10000/devstoreaccount1/c-1", "devstoreaccount1", "c-1")]
    [InlineData("http://localhost:10000/devstoreaccount1/c-1", "devstoreaccount1", "c-1")]
    public void A_url_names_its_account_and_container(string url, string account, string container)
    {
        var location = AzureLocation.Parse(url);
        Assert.Equal((account, container, url.TrimEnd('/')), (location.Account, location.Name, location.ToString()));
    }

    [Fact]
    public void A_connection_string_in_the_configuration_is_an_error_and_is_not_shown()
    {
        using var folder = new Folder();
        var config = folder.Write("pipeline.yaml",
            $"stores:\n  us: {{url: 'http://127.0.0.1:1/a/abc', connection-string: '{Secret}'}}\n  uk: {{path: uk}}\nkeys: keys\n");
        var answer = Cli.Cli.Run("validate", "--config", config);
        Assert.Equal(78, answer.Exit);
        Assert.Contains("PIPELINE__STORES__US__CONNECTION_STRING", answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", answer.Error + answer.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_in_the_clear_is_refused_by_policy()
    {
        using var folder = new Folder();
        var config = folder.Write("pipeline.yaml",
            "stores:\n  us: {url: 'http://account.blob.core.windows.net/captures'}\n  uk: {path: uk}\nkeys: keys\n");
        Assert.Equal(4, Cli.Cli.Run("validate", "--config", config).Exit);
        Assert.Equal(4, Cli.Cli.Run("store", "init", "http://account.blob.core.windows.net/captures", "--role", "capture", "--region",
            "eastus").Exit);
        Assert.False(Directory.Exists(folder["uk"]));
    }

    [Fact]
    public void Who_has_no_table_store_verifies_nothing()
    {
        using var folder = new Folder();
        var config = folder.Write("pipeline.yaml",
            "stores:\n  us: {url: 'http://127.0.0.1:1/a/abc', connection-string-file: secret}\nkeys: keys\n");
        folder.Write("secret", Secret + "\n");
        var answer = Cli.Cli.Run("verify", "--config", config);
        Assert.Equal(78, answer.Exit);
        Assert.Contains("stores.uk", answer.Error, StringComparison.Ordinal);
    }
}
