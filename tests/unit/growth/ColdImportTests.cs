using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Pipeline.Processor.Verify;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Growth;

/// <summary>Real files, imported into a shard whose state keeps hardly any of them.</summary>
public sealed class ColdImportTests : IDisposable
{
    private const string Shard = "web";
    private const int Files = 6, Lines = 40;

    private static readonly InstallationKey Key = new([.. Enumerable.Range(1, InstallationKey.Length).Select(i => (byte)i)]);

    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline-cold-").FullName;
    private readonly MemoryStore _store = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rule_34_A_file_whose_cursor_went_cold_is_the_same_file_under_any_name_and_goes_on_where_it_was_read()
    {
        Write(0, Files, Lines);
        Assert.Equal(Files * Lines, await ImportAsync(_store));
        Assert.Equal(0, await ImportAsync(_store));
        var state = await FoldAsync();
        Assert.InRange(state.Cold!.Pages, 2, 100);
        Assert.InRange(state.Files.Count, 0, Files - 1);

        // Under other names, and longer.
        foreach (var file in Enumerable.Range(0, Files))
        {
            File.Move(PathOf(file), PathOf(file) + ".old");
        }
        Assert.Equal(0, await ImportAsync(_store));
        foreach (var file in Enumerable.Range(0, Files))
        {
            File.Move(PathOf(file) + ".old", PathOf(file));
            File.AppendAllText(PathOf(file), Text(file, Lines, 5));
        }
        Assert.Equal(Files * 5, await ImportAsync(_store));
        Assert.Equal(0, await ImportAsync(_store));
        await CheckAsync(_store, Lines + 5);
    }

    [Fact]
    public async Task Rule_34_A_cold_file_that_lost_its_end_gives_no_double_that_is_not_counted()
    {
        Write(0, Files, Lines);
        await ImportAsync(_store);
        await ImportAsync(_store);
        var text = File.ReadAllText(PathOf(0));
        File.WriteAllText(PathOf(0), text[..^(text.Length / 4)][..(text[..^(text.Length / 4)].LastIndexOf('\n') + 1)] + Text(0, 900, 30));
        await ImportAsync(_store);
        var source = (await FoldAsync()).Sources[Shard];
        Assert.InRange(source.Lines - (Files * Lines + 30), 0, source.Notes.GetValueOrDefault(DoubleNotes.Rewound));
    }

    [Fact]
    public async Task Whichever_operation_of_the_store_fails_every_line_is_captured_once_and_verify_is_content()
    {
        Write(0, Files, Lines);
        for (var (number, ended) = (0, false); !ended; number++)
        {
            foreach (var fault in new[] { Fault.FailBefore, Fault.FailAfter })
            {
                var memory = new MemoryStore();
                var from = number;
                try
                {
                    await ImportAsync(new FaultyStore(memory, operation => operation.Number >= from ? fault : Fault.None,
                        StoreFault.Refused));
                    Assert.InRange(number, 20, 1_000);
                    ended = true;
                }
                catch (Exception e) when (e is StoreException or PipelineException or OperationCanceledException)
                {
                    // The next import takes the rest.
                }
                await ImportAsync(memory);
                await CheckAsync(memory, Lines);
            }
        }
    }

    [Fact]
    public async Task A_cold_page_that_is_gone_stops_the_import_of_a_file_that_it_may_have_and_is_named()
    {
        Write(0, Files, Lines);
        await ImportAsync(_store);
        await ImportAsync(_store);
        var name = CaptureNames.Cold(Shard, 0);
        _store.Remove(name);
        Assert.Equal(name, (await Assert.ThrowsAsync<CorruptException>(() => ImportAsync(_store))).Target);
        Assert.Contains((await VerifyAsync(_store)).Deleted, deleted => deleted.Object == name);

        // Without the snapshots the captures are folded from the first on, and make every page again.
        for (var number = 0; number < 100; number++)
        {
            _store.Remove(CaptureNames.Snapshot(Shard, number));
        }
        Assert.Equal(0, await ImportAsync(_store));
        await CheckAsync(_store, Lines);
    }

    private string PathOf(int file) => Path.Combine(_folder, $"{file}.log");

    private void Write(int first, int files, int lines)
    {
        foreach (var file in Enumerable.Range(first, files))
        {
            File.WriteAllText(PathOf(file), Text(file, 0, lines));
        }
    }

    private static string Text(int file, int from, int lines) => string.Concat(Enumerable.Range(from, lines).Select(i =>
        $"198.18.{file}.{i % 250} - - [02/Nov/2026:{i / 60 % 24:d2}:{i % 60:d2}:58 +0000] \"GET /updates.2.tsv?l={i} HTTP/1.1\" 200 1 "
        + "\"-\" \"Citrix XenServer AutoUpdate\"\n"));

    /// <summary>Lines that were captured.</summary>
    private async Task<long> ImportAsync(IObjectStore store)
    {
        var captures = new CaptureStore(store, "store", Key.Captures());
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, Key.RowKey());
        var options = new ShardOptions
        {
            Limits = new ShardLimits(4_000, 3),
            Cold = new ColdPolicy { Every = 1, Begin = 0, High = 300, Low = 0, Least = 1, Idle = 1 },
        };
        using var loop = new ShardLoop(Shard, captures, encoder, new StoreRetry(TimeProvider.System), Workers.Pool, options);
        // As the program does: what was read is looked up before the shard is claimed.
        var state = await captures.FoldAsync(Shard, Cancel);
        await loop.ClaimAsync([Shard], Cancel);
        var run = loop.RunAsync(Cancel);
        using var pages = new ColdPages(captures, state);
        var cursors = new FileCursors(Shard, state.Files) { Cold = pages };
        try
        {
            var results = await new FileImport(cursors, LogFormats.Named("combined"), Key.Cursors(), loop, Workers.Pool)
                .RunAsync([_folder], final: true, Cancel);
            return results.Sum(result => result.Counts.Lines);
        }
        finally
        {
            loop.Complete();
            await run;
        }
    }

    private Task<ShardState> FoldAsync() => new CaptureStore(_store, "store", Key.Captures()).FoldAsync(Shard, Cancel);

    private static Task<VerifyReport> VerifyAsync(IObjectStore store) => new Verifier(new CaptureStore(store, "store", Key.Captures()), [],
        null, Workers.Inline, null, 3).RunAsync(false);

    private static async Task CheckAsync(MemoryStore store, int lines)
    {
        var captures = new CaptureStore(store, "store", Key.Captures());
        var state = await captures.FoldAsync(Shard, Cancel);
        Assert.Equal((long)Files * lines, state.Sources[Shard].Lines);
        using var pages = new ColdPages(captures, state);
        await foreach (var page in pages.NewestFirstAsync(Cancel))
        {
            Assert.Equal(page.Hash, (await ColdPages.ReadAsync(captures, Shard, page.Page, Cancel))!.Value.Page.Hash);
        }
        var report = await VerifyAsync(store);
        Assert.True(report.Corrupt.Count + report.Deleted.Count == 0
            && !report.Differences.Any(difference => difference.StartsWith("shard", StringComparison.Ordinal)), report.ToJson());
    }
}
