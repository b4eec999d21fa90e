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
        Assert.False(await newer.IsFencedAsync(CancellationToken.None));
        Assert.Equal(3, (await Stored().FoldAsync("web")).Next);
    }

    [Fact]
    public async Task Rule_8_a_source_belongs_to_one_shard_for_ever()
    {
        await ClaimAsync();
        var other = Make("other");
        Assert.IsType<PolicyException>((await Assert.ThrowsAnyAsync<PipelineException>(() => other.ClaimAsync(["web"], CancellationToken.None))));
    }

    [Fact]
    public async Task A_start_that_finds_its_store_out_says_that_it_waits_and_claims_when_the_store_is_back()
    {
        var time = new SimulatedTime();
        var faulty = new FaultyStore(_store, FaultyStore.At(0, Fault.FailBefore));
        var events = new Heard();
        using var shard = new ShardLoop("web", new(faulty, "store", CaptureFixture.Key), PublishedContracts.All, new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, new byte[24]), FlushPolicy.Unlimited, Workers.Inline, time, events);
        new SimulatedThread(1, time).Run(async () =>
        {
            await shard.ClaimAsync(["web"], CancellationToken.None);
            return true;
        });
        Assert.Equal([("web", 0L, StoreFault.Outage)], events.Waits);
        Assert.Equal(1, (await Stored().FoldAsync("web")).Next);
    }

    private sealed class Heard : IShardEvents
    {
        public List<(string, long, StoreFault)> Waits { get; } = [];

        public void Captured(string shard, Capture capture)
        {
        }

        public void Waiting(string shard, long number, StoreException fault) => Waits.Add((shard, number, fault.Fault));
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

    private CaptureStore Stored() => new(_store, "store", CaptureFixture.Key);

    private ShardLoop Make(string name) => new(name, Stored(), PublishedContracts.All, new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, new byte[24]), FlushPolicy.Unlimited, Workers.Inline, TimeProvider.System);

    private async Task<ShardLoop> ClaimAsync()
    {
        var shard = Make("web");
        await shard.ClaimAsync(["web"], CancellationToken.None);
        return shard;
    }

    private static SourceBlock Block(int index) => new()
    {
        Source = "web", Format = LogFormats.Named("combined"), File = "f", From = index * 100, To = (index + 1) * 100, Check = "c", Line = index,
        Lines = Encoding.ASCII.GetBytes("198.18.0.1 - - [02/Nov/2026:00:01:58 +0000] \"GET /updates.2.tsv HTTP/1.1\" 200 1 \"-\" \"-\"\n"),
    };
}
