using System.Text;
using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Processor.Status;
using Pipeline.Tests.Unit.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Status;

public sealed class StatusTests
{
    private const string ChecksName = "xencenter-checks";

    /// <summary>The machine that is asked read the files of `web`, and of no other source.</summary>
    private static string? NameOf(string source, string file) => source == "web" && file == FileOf("web") ? "access.log" : null;

    private static string FileOf(string shard) => new InstallationKey([.. Enumerable.Range(1, 32).Select(i => (byte)i)]).Cursors()
        .Of(Encoding.ASCII.GetBytes(shard));

    private static async Task<StoredWorld> WorldAsync()
    {
        var world = new StoredWorld(2);
        await world.CaptureAsync("web", StoredWorld.Rows(10, 1), empty: 2);
        await world.ShipAsync();
        world.Clock.Advance(TimeSpan.FromSeconds(60));
        await world.CaptureAsync("web", StoredWorld.Rows(20, 2), empty: 3);
        await world.CaptureAsync("web");
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await world.CaptureAsync("web", StoredWorld.Rows(5, 3), keyed: false);
        world.Clock.Advance(TimeSpan.FromSeconds(7));
        return world;
    }

    private static Task<StatusReport> ReadAsync(StoredWorld world) => new StatusReader(world.Captures, world.Logs, world.Clock).ReadAsync();

    [Fact]
    public async Task Status_tells_what_is_shipped_what_waits_and_for_how_long()
    {
        var report = await ReadAsync(await WorldAsync());
        var shard = Assert.Single(report.Shards);
        Assert.Equal((3, 7.0, 1, null), (shard.Head, shard.NewestAge, shard.PossibleLossUnkeyed, shard.Fork));
        Assert.Equal(new DatasetStatus { Captured = 35, Shipped = 0, PendingCaptures = 2, PendingRecords = 25, OldestPendingAge = 37 },
            shard.Datasets[ChecksName]);
        Assert.Equal(40, shard.Sources["web"].Lines);
        Assert.Equal((1, 1, 10), report.Tables.Where(t => t.Dataset == ChecksName).Select(t => (t.Version, t.Files, t.Rows)).Single());
        using var json = JsonDocument.Parse(report.ToJson());
        Assert.Equal("web", json.RootElement.GetProperty("shards")[0].GetProperty("shard").GetString());
    }

    [Fact]
    public async Task Status_of_a_shard_that_was_rolled_back_says_so()
    {
        var world = await WorldAsync();
        await world.ShipAsync();
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 3));
        await StoredWorld.DropAsync(world.Us, CaptureNames.Snapshot("web", 3));
        Assert.Contains("shipped up to capture 3", (await ReadAsync(world)).Shards[0].Fork, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rejections_are_counted_by_reason_source_and_file_and_listed_as_runs_of_lines()
    {
        var world = await WorldAsync();
        await world.CaptureAsync("app", empty: 4);
        var reader = new RejectionReader(world.Captures, NameOf);
        var report = await reader.CountAsync(cancel: TestContext.Current.CancellationToken);
        Assert.Equal(9, report.Reasons["empty"]);
        Assert.Equal(0, report.Expired);
        Assert.Equal([new RejectionCount("app", FileOf("app"), null, "empty", 4),
            new RejectionCount("web", FileOf("web"), "access.log", "empty", 5)], report.Counts);
        var runs = new List<RejectionRun>();
        await foreach (var run in reader.RunsAsync("web", "empty", cancel: TestContext.Current.CancellationToken))
        {
            runs.Add(run);
        }
        Assert.Equal([new RejectionRun("web", FileOf("web"), "access.log", 1, 2, "empty", "web", 0),
            new RejectionRun("web", FileOf("web"), "access.log", 13, 3, "empty", "web", 1)], runs);
        await foreach (var run in reader.RunsAsync("web", "other-path", cancel: TestContext.Current.CancellationToken))
        {
            Assert.Fail($"{run}");
        }
    }

    [Fact]
    public async Task Rejections_are_counted_by_what_is_asked_for_net_of_what_was_redriven()
    {
        var world = await WorldAsync();
        world.Clock.Advance(TimeSpan.FromDays(1));
        await world.CaptureAsync("web", empty: 6, change: header => header with
        {
            Reads = [header.Reads[0] with { Rules = new() { ["path-unknown"] = 4, ["client-unknown"] = 2 },
                Shapes = new() { ["agent:A/9.9"] = 2, ["path:/a"] = 4 } }],
        });
        await world.CaptureAsync("web", StoredWorld.Rows(2, 9), change: header => header with
        {
            Reads = [header.Reads[0] with { File = null, Lines = 0, Physical = 0, Rejected = new() { ["empty"] = -2 },
                Redriven = new() { ["empty"] = 2 }, Redrive = new RedriveOf(1, 0), Rules = new() { ["path-unknown"] = -1 } }],
        });
        var reader = new RejectionReader(world.Captures, NameOf);
        async Task<IReadOnlyList<RejectionGroup>> By(RejectionsBy by, string? reason = null) =>
            (await reader.CountAsync(reason: reason, by: by, cancel: TestContext.Current.CancellationToken)).Groups!;
        Assert.Equal([new RejectionGroup("empty", null, 9, 2)], await By(RejectionsBy.Reason));
        Assert.Equal([new RejectionGroup("web", "empty", 9, 2)], await By(RejectionsBy.Source));
        // The day on which what was redriven had been captured.
        Assert.Equal([new RejectionGroup("2026-03-10", "empty", 3, 2), new RejectionGroup("2026-03-11", "empty", 6, 0)],
            await By(RejectionsBy.Day));
        Assert.Equal([new RejectionGroup("path-unknown", null, 3, null), new RejectionGroup("client-unknown", null, 2, null)],
            await By(RejectionsBy.Rule));
        Assert.Equal([new RejectionGroup("path:/a", null, 4, null), new RejectionGroup("agent:A/9.9", null, 2, null)],
            await By(RejectionsBy.Shape));
        Assert.Empty(await By(RejectionsBy.Day, "other-path"));
        var report = await reader.CountAsync(cancel: TestContext.Current.CancellationToken);
        Assert.Equal((9, 2, 0), (report.Reasons["empty"], report.Redriven["empty"], report.Expired));
        using var json = JsonDocument.Parse(report.ToJson());
        Assert.Equal(2, json.RootElement.GetProperty("redriven").GetProperty("empty").GetInt64());
        Assert.False(json.RootElement.TryGetProperty("groups", out _));
    }

    [Fact]
    public async Task Rejections_of_captures_that_expired_keep_their_totals()
    {
        var world = await WorldAsync();
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 0));
        var report = await new RejectionReader(world.Captures, NameOf).CountAsync(cancel: TestContext.Current.CancellationToken);
        Assert.Equal((5, 2), (report.Reasons["empty"], report.Expired));
    }

    [Fact]
    public async Task An_object_is_described_by_what_it_is_and_never_by_its_rows()
    {
        var world = await WorldAsync();
        var segment = await world.AnySegmentAsync();
        await world.ForeignAsync(StoredWorld.Add(segment).Replace("\\\"numRecords\\\":10",
            "\\\"numRecords\\\":10,\\\"minValues\\\":{\\\"client_ip\\\":\\\"198.18.0.1\\\"}", StringComparison.Ordinal));
        async Task<JsonElement> Of(string name, bool us)
        {
            var text = await Inspection.DescribeAsync(us ? world.Us : world.Uk, name, [StoredWorld.Checks], world.Key.Captures(),
                TestContext.Current.CancellationToken);
            Assert.DoesNotContain("198.18.", text, StringComparison.Ordinal);
            return JsonDocument.Parse(text).RootElement;
        }
        var capture = await Of(CaptureNames.Capture("web", 0), true);
        Assert.Equal(("capture", 2, 0), (capture.GetProperty("kind").GetString(),
            capture.GetProperty("rejectedLines")[0].GetProperty("lines").GetInt64(),
            capture.GetProperty("header").GetProperty("number").GetInt64()));
        Assert.Equal("snapshot", (await Of(CaptureNames.Snapshot("web", 1), true)).GetProperty("kind").GetString());
        Assert.Equal(10, (await Of(TableNames.Entry(ChecksName, 2), false)).GetProperty("actions")[1].GetProperty("add")
            .GetProperty("stats").GetProperty("numRecords").GetInt64());
        var footer = await Of(TableNames.Segment(ChecksName, segment.Path), false);
        Assert.Equal(("segment", 10, "web"), (footer.GetProperty("kind").GetString(), footer.GetProperty("rows").GetInt64(),
            footer.GetProperty("label").GetProperty("shards")[0].GetProperty("shard").GetString()));
        Assert.IsType<UsageException>((await Assert.ThrowsAnyAsync<PipelineException>(() => Of("captures/none", true))));
    }
}
