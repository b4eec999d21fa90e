using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

/// <summary>What others put into a store's folder of temporary files.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class TemporariesTests : IDisposable
{
    private const string Name = "captures/web/0", Holder = "1-0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-temporaries-");

    private string Root => Path.Join(_folder.FullName, "store");

    private string All => Path.Join(Root, ".tmp");

    [Theory]
    [InlineData("a-file")]
    [InlineData(Holder)]
    public async Task A_plain_file_stops_no_put_and_stays(string name)
    {
        Directory.CreateDirectory(All);
        await File.WriteAllTextAsync(Path.Join(All, name), "x", TestContext.Current.CancellationToken);
        Assert.Equal(PutOutcome.Created, await PutAsync());
        Assert.True(File.Exists(Path.Join(All, name)));
    }

    [Fact]
    public async Task A_link_to_a_folder_outside_is_not_swept()
    {
        var kept = Outside();
        Directory.CreateDirectory(All);
        Directory.CreateSymbolicLink(Path.Join(All, Holder), Path.GetDirectoryName(kept)!);
        Assert.Equal(PutOutcome.Created, await PutAsync());
        Assert.True(File.Exists(kept));
    }

    [Fact]
    public async Task A_temporary_folder_that_is_a_link_is_refused_by_name_and_what_it_leads_to_is_not_touched()
    {
        var kept = Outside();
        Directory.CreateDirectory(Root);
        Directory.CreateSymbolicLink(All, Path.GetDirectoryName(Path.GetDirectoryName(kept)!)!);
        var refused = await Assert.ThrowsAsync<ConfigurationException>(PutAsync);
        Assert.Contains(All, refused.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(kept));
    }

    [Fact]
    public async Task What_a_dead_holder_left_is_swept()
    {
        Directory.CreateDirectory(Path.Join(All, Holder));
        await File.WriteAllTextAsync(Path.Join(All, Holder, "0"), "half", TestContext.Current.CancellationToken);
        Assert.Equal(PutOutcome.Created, await PutAsync());
        Assert.False(Directory.Exists(Path.Join(All, Holder)));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Outside()
    {
        var folder = _folder.CreateSubdirectory(Path.Join("outside", Holder));
        var file = Path.Join(folder.FullName, "precious");
        File.WriteAllText(file, "x");
        return file;
    }

    private async Task<PutOutcome> PutAsync()
    {
        using var store = new DirectoryStore(Root);
        return await store.PutIfAbsentAsync(Name, new byte[] { 1 });
    }
}
