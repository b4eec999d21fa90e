using System.Text;
using Pipeline.Ingest.Formats;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Captures;

namespace Pipeline.Tests.Unit.Shard;

public sealed class ShardLoopTests
{
    private readonly MemoryStore _store = new();

    [Fact]
    public async Task What_may_be_a_loss_is_carried_by_the_next_capture_and_by_one_of_its_own_at_the_end()
    {
        var shard = await ClaimAsync();
        var run = shard.RunAsync(CancellationToken.None);
        shard.Note("web", LossNotes.PushGap);
        shard.Note("web", LossNotes.PushGap);
        await await shard.OfferAsync(Block(0), CancellationToken.None);
        shard.Note("web", LossNotes.Truncated);
        shard.Complete();
        await run;
        var state = await Stored().FoldAsync("web");
        Assert.Equal([(LossNotes.PushGap, 2L), (LossNotes.Truncated, 1L)], state.Sources["web"].Notes.Select(n => (n.Key, n.Value)));
        Assert.Equal((3, 0), (state.Next, state.Sources["web"].Unkeyed));
    }

    [Fact]
    public async Task Rule_5_the_newest_start_wins_and_the_older_process_acknowledges_nothing_more()
    {
        var older = await ClaimAsync();
        var run = older.RunAsync(CancellationToken.None);
        await await older.OfferAsync(Block(0), CancellationToken.None);
        var newer = await ClaimAsync();
        var refused = await older.OfferAsync(Block(1), CancellationToken.None);
        await Assert.ThrowsAsync<FencedException>(() => refused);
        await Assert.ThrowsAsync<FencedException>(() => run);
        Assert.True(await older.IsFencedAsync(CancellationToken.None));
        Assert.IsType<FencedException>(older.Fault);
        Assert.False(await newer.IsFencedAsync(CancellationToken.None));
        Assert.Equal(3, (await Stored().FoldAsync("web")).Next);
    }

    [Fact]
    public async Task Rule_8_a_source_belongs_to_one_shard_for_ever()
    {
        await ClaimAsync();
        var other = Make("other");
        Assert.IsType<PolicyException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => other.ClaimAsync(["web"], CancellationToken.None))));
    }

    [Fact]
    public async Task A_start_that_finds_its_store_out_says_that_it_waits_and_claims_when_the_store_is_back()
    {
        var time = new SimulatedTime();
        var faulty = new FaultyStore(_store, FaultyStore.At(0, Fault.FailBefore));
        var told = new List<string>();
        var retry = new StoreRetry(time, fault => told.Add(fault.Fault.ToString()), () => told.Add("answered"));
        using var shard = new ShardLoop("web", new(faulty, "store", CaptureFixture.Key), Encoder(), retry, Workers.Inline);
        new SimulatedThread(1, time).Run(async () =>
        {
            await shard.ClaimAsync(["web"], CancellationToken.None);
            return true;
        });
        Assert.Equal([nameof(StoreFault.Outage), "answered"], told);
        Assert.Equal(1, (await Stored().FoldAsync("web")).Next);
    }

    [Fact]
    public async Task Rule_6_nothing_is_acknowledged_before_its_capture_stands()
    {
        var shard = await ClaimAsync();
        var run = shard.RunAsync(CancellationToken.None);
        for (var i = 0; i < 5; i++)
        {
            var outcome = await await shard.OfferAsync(Block(i), CancellationToken.None);
            var stored = await Stored().ReadAsync("web", outcome.Capture.Number);
            Assert.Equal(outcome.Capture, stored!.Link);
            Assert.Contains(stored.Header.Reads, r => r.To == (i + 1) * 100);
        }
        shard.Complete();
        await run;
    }

    [Fact]
    public async Task An_idle_shard_that_is_asked_finds_that_it_is_fenced_and_stops()
    {
        var older = await ClaimAsync();
        var run = older.RunAsync(CancellationToken.None);
        await ClaimAsync();
        Assert.True(await older.IsFencedAsync(CancellationToken.None));
        await Assert.ThrowsAsync<FencedException>(() => run);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(2, 1)]
    public async Task A_damaged_newest_snapshot_is_passed_over_for_the_one_before_and_the_captures_since(int damaged, int lost)
    {
        var passed = new List<string>();
        var limits = ShardLimits.Protocol with { SnapshotEvery = 3 };
        var options = new ShardOptions { Limits = limits, PassedOver = damage => passed.Add(damage.Message) };
        var before = await FillAsync(options, captures: 10);
        var snapshots = before.Names.Where(n => n.StartsWith("snapshots/", StringComparison.Ordinal)).ToList();
        foreach (var name in snapshots.TakeLast(damaged))
        {
            var bytes = _store[name];
            bytes[bytes.Length / 2] ^= 0x80;
            _store[name] = bytes;
        }
        if (lost > 0)
        {
            // The captures that would have to be folded instead are not all there.
            _store.Remove(CaptureNames.Capture("web", 5));
            await Assert.ThrowsAsync<CorruptException>(() => ClaimAsync(options));
            return;
        }
        var shard = await ClaimAsync(options);
        Assert.Equal(before.State.Sources["web"].Lines, shard.State.Sources["web"].Lines);
        Assert.Equal(before.State.Next + 1, shard.State.Next);
        Assert.All(snapshots.TakeLast(damaged), name => Assert.Contains(passed, text => text.Contains(name, StringComparison.Ordinal)));
    }

    /// <summary>A shard with this many captures, and the names that its store has.</summary>
    private async Task<(ShardState State, IReadOnlyList<string> Names)> FillAsync(ShardOptions options, int captures)
    {
        var shard = await ClaimAsync(options);
        var run = shard.RunAsync(CancellationToken.None);
        for (var i = 0; i < captures; i++)
        {
            await await shard.OfferAsync(Block(i), CancellationToken.None);
        }
        shard.Complete();
        await run;
        var names = new List<string>();
        await foreach (var found in _store.ListAsync(""))
        {
            names.Add(found.Name);
        }
        return (shard.State, names);
    }

    private CaptureStore Stored() => new(_store, "store", CaptureFixture.Key);

    private ShardLoop Make(string name, ShardOptions? options = null) =>
        new(name, Stored(), Encoder(), new StoreRetry(TimeProvider.System), Workers.Inline, options);

    private static BlockEncoder Encoder() => new(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, new byte[24]);

    private async Task<ShardLoop> ClaimAsync(ShardOptions? options = null)
    {
        var shard = Make("web", options);
        await shard.ClaimAsync(["web"], CancellationToken.None);
        return shard;
    }

    private static SourceBlock Block(int index) => new()
    {
        Source = "web", Format = LogFormats.Named("combined"), File = "f", From = index * 100, To = (index + 1) * 100, Check = "c",
            Line = index,
        Lines = Encoding.ASCII.GetBytes("198.18.0.1 - - [02/Nov/2026:00:01:58 +0000] \"GET /updates.2.tsv HTTP/1.1\" 200 1 \"-\" \"-\"\n"),
    };
}
