using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Captures;

namespace Pipeline.Tests.Unit.Growth;

/// <summary>Files and streams that leave a shard's state, and come back.</summary>
public sealed class ColdPageTests
{
    /// <summary>Whatever was not read by the last two captures goes.</summary>
    private static readonly ColdPolicy Small =
        new() { Every = 1, Begin = 0, High = 300, Low = 0, Least = 1, Idle = 2, Retired = 1 };

    private readonly MemoryStore _store = new();

    private CaptureStore Captures => new(_store, CaptureFixture.Store, CaptureFixture.Key);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule_3_A_snapshot_stays_small_whatever_the_shard_has_read_and_nothing_of_it_is_unknown()
    {
        var shard = new AgedShard(Captures, "web", new ColdPolicy().Decide);
        await shard.ReadFilesAsync(0, 40_000, 100);
        await shard.RetireStreamsAsync(20_000, 500);
        await shard.RestAsync(300);
        Assert.InRange(shard.Snapshot().Length, 1, 1_000_000);
        Assert.InRange(shard.State.Files.Count, 0, 1_000);
        Assert.InRange(shard.State.Streams.Count, 0, 1_500);

        var counted = new CountingStore(_store);
        using var pages = new ColdPages(new CaptureStore(counted, CaptureFixture.Store, CaptureFixture.Key), shard.State);
        // The index is one read for every 64 pages, once.
        Assert.Empty(await pages.FilesAsync("web", AgedShard.Identity(1_000_000), Cancel));
        Assert.Equal((shard.State.Cold!.Pages + 63) / 64, counted.Calls);
        counted.Reset();
        Assert.Empty(await pages.FilesAsync("web", AgedShard.Identity(1_000_001), Cancel));
        Assert.Equal(0, counted.Calls);
        var found = Assert.Single(await pages.FilesAsync("web", AgedShard.Identity(7), Cancel));
        Assert.Equal((1, 600_007L, 5_000L, 33), (counted.Calls, found.Cursor.Offset, found.Cursor.Line, found.Cursor.Checks!.Count));
        Assert.Equal(1, (await pages.StreamsAsync(Cancel))["web/" + AgedShard.Stream(3)].Sequence);
        for (var file = 0; file < 40_000; file += 97)
        {
            var key = ShardState.FileKey("web", AgedShard.Identity(file));
            Assert.True(shard.State.Files.ContainsKey(key)
                || (await pages.FilesAsync("web", AgedShard.Identity(file), Cancel)) is [{ Cursor.Offset: var offset }]
                    && offset == 600_000 + file);
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public async Task Rule_3_However_files_go_cold_and_come_back_the_fold_is_the_same_from_any_snapshot(int seed)
    {
        var (random, shard, at) = (new Random(seed), new AgedShard(Captures, "web", Small.Decide), new long[8]);
        ShardState? resumed = null;
        for (var step = 0; step < 120; step++)
        {
            var reads = new List<ReadEntry>();
            foreach (var file in Enumerable.Range(0, at.Length).Where(_ => random.Next(4) == 0))
            {
                var key = ShardState.FileKey("web", AgedShard.Identity(file));
                using var pages = new ColdPages(Captures, shard.State);
                var cold = (await pages.FilesAsync("web", AgedShard.Identity(file), Cancel)).SingleOrDefault();
                var hot = shard.State.Files.GetValueOrDefault(key);
                Assert.Equal(at[file], hot?.Offset ?? cold?.Cursor.Offset ?? 0);
                reads.Add(new ReadEntry
                {
                    Source = "web", Format = "combined", File = AgedShard.Identity(file), From = at[file], To = at[file] += 100,
                    Check = $"{at[file]}", Lines = 0, Recalls = hot is null ? cold?.Page : null,
                });
            }
            await shard.ApplyAsync([.. reads]);
            if (step == seed * 7 % 100)
            {
                resumed = ShardState.FromJson(shard.State.ToJson(), "test");
                shard.Replace(resumed);
            }
        }
        Assert.NotNull(resumed);
        Assert.InRange(shard.State.Cold!.Pages, 10, 120);
        Assert.Equal(shard.Folded().ToJson(), shard.State.ToJson());
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    [Fact]
    public async Task Rule_4_A_read_that_recalls_what_is_not_cold_is_a_fork()
    {
        var shard = new AgedShard(Captures, "web", Small.Decide);
        await shard.ReadFilesAsync(0, 4, 4);
        await shard.RestAsync(300);
        await shard.ReadFilesAsync(9, 1, 1);
        var cold = new ReadEntry { Source = "web", Format = "combined", File = AgedShard.Identity(1), From = 600_001, To = 600_101,
            Check = "c", Lines = 0, Recalls = 0 };
        foreach (var wrong in new[]
        {
            cold with { Recalls = null }, cold with { Recalls = shard.State.Cold!.Pages }, cold with { Recalls = -1 },
            cold with { File = AgedShard.Identity(9), From = 600_009, To = 600_010 },
        })
        {
            var before = shard.State.ToJson();
            Assert.NotNull(shard.Try(wrong));
            Assert.Equal(before, shard.State.ToJson());
        }
        Assert.Null(shard.Try(cold));
    }

    [Fact]
    public async Task Rule_32_A_retired_stream_is_known_when_it_is_cold_and_goes_on_with_its_next_number()
    {
        var shard = new AgedShard(Captures, "web", Small.Decide);
        await shard.RetireStreamsAsync(3, 1);
        await shard.RestAsync(300);
        Assert.Equal(["web/" + AgedShard.Stream(2)], shard.State.Streams.Keys);
        using var pages = new ColdPages(Captures, shard.State);
        var (page, sequence) = (await pages.StreamsAsync(Cancel))["web/" + AgedShard.Stream(1)];
        var next = new ReadEntry { Source = "web", Format = "combined", Stream = AgedShard.Stream(1), From = sequence,
            To = sequence + 1, Check = "c", Lines = 0 };
        Assert.Contains("expected from 0", shard.Try(next)!.Reason, StringComparison.Ordinal);
        Assert.Null(shard.Try(next with { Recalls = page }));
        Assert.Equal((2, 1), (shard.State.Streams["web/" + AgedShard.Stream(1)].Sequence,
            shard.State.Streams["web/" + AgedShard.Stream(1)].Checks.Count));
    }

    [Fact]
    public async Task No_changed_bit_of_a_page_is_taken()
    {
        var shard = new AgedShard(Captures, "web", Small.Decide);
        await shard.ReadFilesAsync(0, 3, 3);
        await shard.RestAsync(300);
        var name = CaptureNames.Cold("web", 0);
        var whole = _store[name]!;
        for (var at = 0; at < whole.Length; at += 3)
        {
            byte[] changed = [.. whole];
            changed[at] ^= (byte)(1 << (at % 8));
            _store[name] = changed;
            using var pages = new ColdPages(Captures, shard.State);
            var damage = await Assert.ThrowsAsync<CorruptException>(() => pages.FilesAsync("web", AgedShard.Identity(1), Cancel));
            Assert.Equal(name, damage.Target);
        }
        _store.Remove(name);
        using var gone = new ColdPages(Captures, shard.State);
        Assert.Equal("it is gone", (await Assert.ThrowsAsync<CorruptException>(() =>
            gone.FilesAsync("web", AgedShard.Identity(1), Cancel))).Why);
    }

    [Fact]
    public void Files_that_were_read_just_now_stay_until_there_are_very_many()
    {
        var policy = new ColdPolicy { Every = 1 };
        var state = Captures.Empty("web");
        (state.Head, state.Cold) = (new Link(9_999, Sha256.Of([1])), new ColdChain());
        void Add(int from, int count, long at)
        {
            foreach (var file in Enumerable.Range(from, count))
            {
                state.Files["web/" + AgedShard.Identity(file)] = new FileCursor { Source = "web", Offset = 1, Check = "c",
                    Format = "combined", At = at, Checks = [.. Enumerable.Range(1, 30).Select(i => new EarlierCheck(i, (ulong)i))] };
            }
        }
        Add(0, 2_000, 9_900);
        Assert.Null(policy.Decide(state));
        Add(2_000, 300, 9_000);
        Assert.Equal(new ColdMark(9_001, false), policy.Decide(state));
        Add(3_000, 10_000, 9_950);
        Assert.Equal(new ColdMark(9_951, false), policy.Decide(state));
    }
}
