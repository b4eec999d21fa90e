using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

public sealed class TableLogTests
{
    private static readonly string Dataset = TableWorld.Checks.Dataset;

    [Fact]
    public async Task A_table_that_is_not_there_is_null_and_is_made_once()
    {
        var store = new MemoryStore();
        Assert.Null(await TableWorld.Log(store).OpenAsync(TestContext.Current.CancellationToken));

        var made = await TableWorld.Log(store).OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var found = await TableWorld.Log(store).OpenOrCreateAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, made.EntryHash, made.Metadata.Id), (found.Version, found.EntryHash, found.Metadata.Id));
        Assert.Equal((TableWorld.CaptureStore, TableWorld.KeyId, TableWorld.Checks.Sha256), (found.Store, found.KeyId, found.Contract));
        Assert.Equal("true", found.Metadata.Configuration["delta.appendOnly"]);
    }

    [Fact]
    public async Task Commit_bytes_parse_back() =>
        await Gen.Select(Gen.Long[0, 1L << 50], Gen.ULong, Gen.ULong, Gen.Long[1, 1L << 40], Gen.Long[0, UtcDay.MicrosPerDay - 1],
            Gen.Char['a', 'z'].Array[1, 9]).SampleAsync((number, high, low, rows, time, shardName) =>
        {
            var shard = new string(shardName);
            var sums = new Sums(rows, new UInt128(high, low));
            var link = TableWorld.Capture(shard, number);
            var file = TableWorld.File(rows) with { MinTime = TableWorld.Day.Number * UtcDay.MicrosPerDay,
                MaxTime = TableWorld.Day.Number * UtcDay.MicrosPerDay + time };
            var draft = new CommitDraft
            {
                Kind = CommitKind.Ship,
                Reason = "size",
                ReadShipped = new Dictionary<string, ShippedLink?> { [shard] = null },
                NewShipped = new Dictionary<string, Link> { [shard] = link },
                Add = [file],
                Shards = [new(shard, new(0, number), 3, sums)],
                Dates = [new(TableWorld.Day, sums)],
            };
            Assert.Null(draft.Fault());

            var entry = EntryReader.Read("t", "e", 7, EntryWriter.Commit(draft, TableWorld.Log(new MemoryStore()).NewOrigin(), link.Hash));

            Assert.Equal((CommitKind.Ship, "size", link.Hash), (entry.Kind, entry.Reason, entry.Below!.Value));
            Assert.Equal(draft.Shards, entry.Shards);
            Assert.Equal(draft.Dates, entry.Dates);
            Assert.Equal(draft.Add, entry.Added);
            Assert.True(entry.Shipped[shard].Matches(link));
            Assert.True(entry.DataChange);
            return Task.CompletedTask;
        }, iter: 300);

    [Fact]
    public async Task Rule_22_shipped_is_two_txn_without_lastUpdated_and_rule_24_no_address_is_in_statistics()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 4));

        var text = TableWorld.EntryText(store, 1);

        Assert.StartsWith("{\"commitInfo\":", text);
        Assert.Contains("{\"txn\":{\"appId\":\"pipeline/a\",\"version\":4}}", text);
        Assert.Contains($"{{\"txn\":{{\"appId\":\"pipeline/a/sha256\",\"version\":{TableWorld.Capture("a", 4).Hash.Bits63}}}}}", text);
        Assert.DoesNotContain("lastUpdated", text);
        Assert.DoesNotContain("client_ip", text);
    }

    [Fact]
    public async Task A_foreign_append_and_a_foreign_rewrite_are_followed_and_seen()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var state = await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 4));
        var path = state.Files.Keys.Single();
        TableWorld.AppendForeign(store, 2, TableWorld.ForeignAdd("date=2026-03-04/x%20y.parquet", 5));
        TableWorld.AppendForeign(store, 3, TableWorld.ForeignRemove(path, dataChange: true));

        var followed = await log.ReadToEndAsync(state, TestContext.Current.CancellationToken);
        var on = await TableWorld.CommitAsync(log, state, TableWorld.Ship(state, "a", 6));

        var foreign = Assert.Single(followed.Files.Values);
        Assert.Equal(("date=2026-03-04/x y.parquet", 5L, 4L), (foreign.Path, foreign.Rows, followed.Shipped["a"].Number));
        Assert.Equal(36_000_123_999, foreign.MaxTime - TableWorld.Day.Number * UtcDay.MicrosPerDay);
        Assert.Equal(4, on.Version);
        var seen = new List<TableCommit>();
        await foreach (var entry in log.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            seen.Add(entry);
        }
        Assert.Equal([false, false, true, true, false], seen.Select(entry => entry.Foreign));
        Assert.True(seen[3].Removed.Single().DataChange);
        Assert.Equal("other-engine:1", seen[2].Engine);
    }

    [Fact]
    public async Task A_foreign_entry_that_moves_what_is_shipped_is_refused()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        TableWorld.AppendForeign(store, 1, """{"txn":{"appId":"pipeline/a","version":9}}""", """{"txn":{"appId":"pipeline/a/sha256","version":9}}""");

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => log.ReadToEndAsync(start, TestContext.Current.CancellationToken));

        Assert.IsAssignableFrom<DifferenceException>(e);
        Assert.Contains("other-engine:1", e.Message);
    }

    [Theory]
    [InlineData("\"delta.appendOnly\":\"true\"", "\"delta.appendOnly\":\"false\"", "delta.appendOnly")]
    [InlineData("\"delta.dataSkippingStatsColumns\":\"time\",", "", "delta.dataSkippingStatsColumns")]
    [InlineData("\"delta.enableExpiredLogCleanup\":\"false\"",
        "\"delta.enableExpiredLogCleanup\":\"false\",\"delta.setTransactionRetentionDuration\":\"interval 1 day\"",
        "delta.setTransactionRetentionDuration")]
    [InlineData("\\\"name\\\":\\\"client_ip\\\"", "\\\"name\\\":\\\"ip\\\"", "schema")]
    [InlineData("\"pipeline.store\":\"store-1\"", "\"pipeline.store\":\"store-2\"", "pipeline.store")]
    public async Task Rule_24_a_table_whose_properties_another_engine_changed_is_refused(string from, string to, string named)
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var metadata = TableWorld.EntryText(store, 0).Split('\n').Single(line =>
            line.StartsWith("{\"metaData\"", StringComparison.Ordinal));
        Assert.Contains(from, metadata);
        TableWorld.AppendForeign(store, 1, metadata.Replace(from, to, StringComparison.Ordinal));

        var opening = await Assert.ThrowsAnyAsync<PipelineException>(() => log.OpenAsync(TestContext.Current.CancellationToken));
        var committing = await Assert.ThrowsAnyAsync<PipelineException>(() =>
            new Committer(log).TryCommitAsync(start, TableWorld.Ship(start, "a", 0), TestContext.Current.CancellationToken));

        Assert.All([opening, committing], e => Assert.IsType<ConfigurationException>(e));
        Assert.Contains($"'{named}'", opening.Message);
        Assert.Contains("other-engine:1", opening.Message);

        // Set back by an entry of its own, it opens again.
        TableWorld.AppendForeign(store, 2, metadata);
        Assert.Equal(2, (await log.OpenAsync(TestContext.Current.CancellationToken))!.Version);
    }

    [Fact]
    public async Task A_protocol_that_another_engine_raised_is_refused()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        TableWorld.AppendForeign(store, 1, """{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}""");

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => log.OpenAsync(TestContext.Current.CancellationToken));

        Assert.IsType<ConfigurationException>(e);
        Assert.Contains("'delta.minReaderVersion' is '3', expected '1'", e.Message);
    }

    [Fact]
    public async Task A_table_of_another_capture_store_or_key_is_refused()
    {
        var store = new MemoryStore();
        await TableWorld.Log(store).OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var otherStore = new TableLog(store, TableWorld.Checks, "store-2", TableWorld.KeyId, TableWorld.Clock());
        var otherKey = new TableLog(store, TableWorld.Checks, TableWorld.CaptureStore, "kid-2", TableWorld.Clock());

        Assert.IsType<ConfigurationException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => otherStore.OpenAsync(TestContext.Current.CancellationToken))));
        Assert.IsType<ConfigurationException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => otherKey.OpenAsync(TestContext.Current.CancellationToken))));
    }

    [Fact]
    public async Task Rule_21_a_replaced_entry_breaks_the_chain_for_every_reader()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var state = await FilledAsync(log, 5);
        store[TableNames.Entry(Dataset, 2)] = System.Text.Encoding.UTF8.GetBytes(
            Verify.StoredWorld.Rechecked(TableWorld.EntryText(store, 2) + "\n"));

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => log.OpenAsync(TestContext.Current.CancellationToken));

        Assert.IsAssignableFrom<DifferenceException>(e);
        Assert.Contains("entry 3", e.Message);
        Assert.Equal(5, state.Version);
    }

    [Fact]
    public async Task Rule_25_a_replay_from_a_checkpoint_equals_one_from_the_entries()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var state = await FilledAsync(log, 99);
        state = await TableWorld.CommitAsync(log, state, TableWorld.Compact([.. state.Files.Values.Take(7)]));
        Assert.True(store.Holds(TableNames.Checkpoint(Dataset, 100)));
        Assert.True(store.Holds(TableNames.LastCheckpoint(Dataset)));
        state = await TableWorld.CommitAsync(log, state, TableWorld.Ship(state, "b", 150));
        var whole = await TableWorld.Log(store).OpenAsync(TestContext.Current.CancellationToken);
        // Only a start from the checkpoint can do without what lies below it.
        for (var version = 0; version < 100; version++)
        {
            store.Remove(TableNames.Entry(Dataset, version));
        }
        var hinted = await TableWorld.Log(store).OpenAsync(TestContext.Current.CancellationToken);
        store.Remove(TableNames.LastCheckpoint(Dataset));
        var listed = await TableWorld.Log(store).OpenAsync(TestContext.Current.CancellationToken);

        Assert.All([whole!, hinted!, listed!], read =>
        {
            Assert.Equal((state.Version, state.EntryHash, state.Metadata.Id, state.Protocol),
                (read.Version, read.EntryHash, read.Metadata.Id, read.Protocol));
            Assert.Equal(state.Shipped.OrderBy(pair => pair.Key), read.Shipped.OrderBy(pair => pair.Key));
            Assert.Equal(state.Files.Values.OrderBy(file => file.Path), read.Files.Values.OrderBy(file => file.Path));
            Assert.Equal(state.Tombstones.Values.OrderBy(file => file.Path), read.Tombstones.Values.OrderBy(file => file.Path));
            Assert.True(TableGuard.Same(state.Metadata, read.Metadata));
        });
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_read_is_passed_over()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var state = await FilledAsync(log, 101);
        store[TableNames.Checkpoint(Dataset, 100)] = [1, 2, 3];
        store[TableNames.LastCheckpoint(Dataset)] = "nonsense"u8.ToArray();

        var read = await log.OpenAsync(TestContext.Current.CancellationToken);

        Assert.Equal((state.Version, state.EntryHash), (read!.Version, read.EntryHash));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rule_21_a_log_that_ends_below_its_newest_checkpoint_is_refused(bool hinted)
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        await FilledAsync(log, 101);
        store.Remove(TableNames.Entry(Dataset, 100));
        store.Remove(TableNames.Entry(Dataset, 101));
        if (!hinted)
        {
            store.Remove(TableNames.LastCheckpoint(Dataset));
        }

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => log.OpenAsync(TestContext.Current.CancellationToken));

        Assert.IsAssignableFrom<DifferenceException>(e);
        Assert.Contains("checkpoint of entry 100", e.Message);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"add":{"path":"x","partitionValues":{},"size":1}}""")]
    [InlineData("""{"add":{"path":"x","partitionValues":{"date":"2026-03-04"},"size":1,"deletionVector":{"storageType":"u"}}}""")]
    [InlineData("""{"txn":5}""")]
    public async Task An_entry_that_cannot_be_read_is_named(string action)
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        TableWorld.AppendForeign(store, 1, action);

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => log.OpenAsync(TestContext.Current.CancellationToken));

        Assert.IsAssignableFrom<DifferenceException>(e);
        Assert.Contains("entry 1", e.Message);
    }

    [Fact]
    public async Task An_entry_of_a_newer_version_asks_for_an_upgrade()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var state = await FilledAsync(log, 1);
        store[TableNames.Entry(Dataset, 2)] = System.Text.Encoding.UTF8.GetBytes(
            Verify.StoredWorld.Rechecked(TableWorld.EntryText(store, 1)
                .Replace("\"pipeline\":{\"version\":2", "\"pipeline\":{\"version\":3", StringComparison.Ordinal)));

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => log.ReadToEndAsync(state, TestContext.Current.CancellationToken));

        Assert.IsType<ConfigurationException>(e);
        Assert.Contains("Upgrade", e.Message);
    }

    private static async Task<TableState> FilledAsync(TableLog log, int commits)
    {
        var state = await log.OpenOrCreateAsync();
        for (var n = 0; n < commits; n++)
        {
            state = await TableWorld.CommitAsync(log, state, TableWorld.Ship(state, n % 3 == 0 ? "a" : "b", n));
        }
        return state;
    }
}
