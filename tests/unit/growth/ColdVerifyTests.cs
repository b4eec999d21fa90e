using Pipeline.Core.Captures;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Growth;

/// <summary>What `verify` says of cold pages that do not fit their captures.</summary>
public sealed class ColdVerifyTests
{
    private readonly StoredWorld _world = new(snapshotEvery: 4);

    [Fact]
    public async Task Rule_4_A_read_that_does_not_go_on_where_its_cold_page_says_is_named()
    {
        await AgeAsync();
        await CaptureAsync(header => header with { Reads = [header.Reads[0] with { From = header.Reads[0].From - 100 }] });
        Assert.Contains("goes on at", Assert.Single((await _world.VerifyAsync()).Differences), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_4_A_file_that_is_read_from_its_start_though_a_cold_page_has_it_is_named()
    {
        await AgeAsync();
        await CaptureAsync(header => header with { Reads = [header.Reads[0] with { From = 0, Recalls = null }] });
        Assert.Contains("begins at 0, and cold page 0 has it", Assert.Single((await _world.VerifyAsync()).Differences),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_with_other_files_or_another_index_is_named_though_its_code_is_right()
    {
        await AgeAsync();
        await CaptureAsync(header => header);
        Assert.True((await _world.VerifyAsync()).Ok);
        var name = CaptureNames.Cold("web", 0);
        var (page, index) = (await ColdPages.ReadAsync(_world.Captures, "web", 0, CancellationToken.None))!.Value;
        var key = _world.Key.Captures();
        var all = _world.Us.Snapshot();
        var file = page.Files.Single();
        foreach (var (changed, found) in new[]
        {
            (ColdFile.Encode(page with { Files = new() { [file.Key] = file.Value with { Offset = 7 } } }, index, key), "other files"),
            (ColdFile.Encode(page with { Files = [] }, index, key), "other files"),
            (ColdFile.Encode(page, ColdIndex.Empty, key), "its index"),
        })
        {
            _world.Us[name] = changed;
            var report = await _world.VerifyAsync();
            Assert.Contains(found, Assert.Single(report.Corrupt, corrupt => corrupt.Object == name).Why, StringComparison.Ordinal);
            _world.Us.Restore(all);
        }
    }

    [Fact]
    public async Task A_page_that_no_capture_made_shows_that_captures_are_gone()
    {
        await AgeAsync();
        _world.Us.Remove(CaptureNames.Capture("web", 2));
        Assert.Contains((await _world.VerifyAsync()).Deleted, deleted => deleted.Object == CaptureNames.Capture("web", 2));
    }

    /// <summary>Three captures, of which the third makes the only file cold.</summary>
    private async Task AgeAsync()
    {
        await CaptureAsync(header => header);
        await CaptureAsync(header => header);
        await CaptureAsync(header => header with { Cold = new ColdMark(3, true), Version = CaptureHeader.CurrentVersion });
    }

    private Task CaptureAsync(Func<CaptureHeader, CaptureHeader> change) => _world.CaptureAsync("web", empty: 3, change: change);
}
