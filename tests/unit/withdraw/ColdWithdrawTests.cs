using Pipeline.Core.Captures;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>A withdrawal drops files whose cursors are in cold pages, too.</summary>
public sealed class ColdWithdrawTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Rule_36_A_cold_file_of_withdrawn_captures_is_read_again_from_its_start(bool whole, bool cameBack)
    {
        var made = new WithdrawWorld(snapshotEvery: 3);
        // Lines without a file, of another run.
        await made.World.CaptureAsync("web", StoredWorld.Rows(5, 9), keyed: false);
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 1));
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 2), change: Cooled);
        Assert.Empty((await made.World.Captures.FoldAsync("web")).Files);
        if (cameBack)
        {
            await made.World.CaptureAsync("web", StoredWorld.Rows(10, 3));
        }
        await made.World.ShipAsync();
        await made.WithdrawAsync("web", whole ? null : new CaptureRange(1, 3));
        await CheckAsync(made, whole ? 0 : 5);

        var (page, _) = (await ColdPages.ReadAsync(made.World.Captures, "web", 0, TestContext.Current.CancellationToken))!.Value;
        await made.World.RestartAsync("web");
        var state = await made.World.Captures.FoldAsync("web");
        var stale = new ReadEntry
        {
            Source = "web", Format = "combined", File = page.Files.Keys.Single()["web/".Length..], From = 2_000, To = 3_000, Check = "00",
            Lines = 0, Recalls = 0,
        };
        Assert.Contains("recalls from page 0 what is not cold", WithdrawWorld.Apply(state, stale)!.Reason, StringComparison.Ordinal);
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 1), change: header => header.Reads[0].From == 0 ? Cooled(header)
            : throw new InvalidOperationException($"it goes on at {header.Reads[0].From}"));
        // From the page that was made since, it goes on.
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 2), change: header => header.Reads[0] is { From: 1_000, Recalls: 1 }
            ? header : throw new InvalidOperationException($"it goes on at {header.Reads[0].From}"));
        await made.World.ShipAsync();
        await CheckAsync(made, whole ? 20 : 25);
    }

    private static CaptureHeader Cooled(CaptureHeader header) =>
        header with { Cold = new ColdMark(header.Number + 1, false), Version = CaptureHeader.CurrentVersion };

    private static async Task CheckAsync(WithdrawWorld made, int rows)
    {
        var report = await made.World.VerifyAsync(deep: true);
        Assert.True(report.Ok, report.ToJson());
        Assert.Equal(rows, (await made.RowsAsync()).Count);
    }
}
