using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Shard;

/// <summary>Several files imported into a shard that stops under them: the import ends, and the next one takes the rest.</summary>
public sealed class ImportFaultTests : IDisposable
{
    private const string Shard = "web";
    private const int Files = 12, LinesInFile = 300;

    /// <summary>Captures of less than two blocks: the next block is nearly always carried over into the next capture.</summary>
    private static readonly ShardLimits Limits = new(6_000, 3);

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly InstallationKey Key = new([.. Enumerable.Range(1, InstallationKey.Length).Select(i => (byte)i)]);

    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline-import-").FullName;

    public ImportFaultTests()
    {
        for (var file = 0; file < Files; file++)
        {
            var lines = Enumerable.Range(0, LinesInFile).Select(i => Line(file, i));
            File.WriteAllText(Path.Combine(_folder, $"{file}.log"), string.Concat(lines), Encoding.ASCII);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(StoreFault.Refused, Fault.FailBefore)]
    [InlineData(StoreFault.Refused, Fault.FailAfter)]
    [InlineData(StoreFault.Full, Fault.FailBefore)]
    public async Task An_import_of_several_files_ends_whichever_operation_of_its_store_fails_from_then_on(StoreFault reported, Fault fault)
    {
        var ended = 0;
        for (var number = 0; ; number++)
        {
            var (from, memory) = (number, new MemoryStore());
            var faulty = new FaultyStore(memory, operation => operation.Number >= from ? fault : Fault.None, reported);
            // A full disk is waited out, until the one who waits gives up.
            using var abandon = new CancellationTokenSource();
            Exception? stopped = null;
            try
            {
                await ImportAsync(faulty, abandon, givesUp: true).WaitAsync(Bound, TestContext.Current.CancellationToken);
            }
            catch (Exception e) when (e is StoreException or PipelineException or OperationCanceledException)
            {
                (stopped, ended) = (e, ended + 1);
            }
            await CheckAsync(memory);
            if (stopped is null)
            {
                Assert.InRange(ended, 20, 500);
                return;
            }
        }
    }

    [Fact]
    public async Task An_import_of_several_files_ends_whichever_capture_number_was_taken_by_another_process()
    {
        var fenced = 0;
        for (var number = 1; ; number++)
        {
            var (stolen, memory) = (CaptureNames.Capture(Shard, number), new MemoryStore());
            var thief = new FaultyStore(memory, operation =>
            {
                if (operation.Verb == StoreVerb.Put && operation.Name == stolen)
                {
                    memory[stolen] = "of another process"u8.ToArray();
                }
                return Fault.None;
            });
            using var abandon = new CancellationTokenSource();
            try
            {
                await ImportAsync(thief, abandon).WaitAsync(Bound, TestContext.Current.CancellationToken);
                Assert.InRange(fenced, 10, 500);
                return;
            }
            catch (FencedException e)
            {
                Assert.Equal(number, e.Number);
                fenced++;
            }
        }
    }

    [Fact]
    public async Task An_import_of_several_files_that_is_abandoned_while_its_store_does_not_answer_ends_at_once()
    {
        for (var number = 0; ; number++)
        {
            var (from, memory) = (number, new MemoryStore());
            var hung = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var hanging = new FaultyStore(memory, operation =>
            {
                if (operation.Number < from)
                {
                    return Fault.None;
                }
                hung.TrySetResult();
                return Fault.Hang;
            });
            using var abandon = new CancellationTokenSource();
            var import = ImportAsync(hanging, abandon);
            if (await Task.WhenAny(import, hung.Task).WaitAsync(Bound, TestContext.Current.CancellationToken) == import)
            {
                await import;
                Assert.InRange(number, 20, 500);
                return;
            }
            await abandon.CancelAsync();
            var ended = await Assert.ThrowsAnyAsync<Exception>(() => import.WaitAsync(Bound, TestContext.Current.CancellationToken));
            Assert.True(ended is ShardStoppedException or OperationCanceledException, ended.GetType().Name);
        }
    }

    private async Task ImportAsync(IObjectStore store, CancellationTokenSource abandon, bool givesUp = false)
    {
        var captures = new CaptureStore(store, "store", Key.Captures());
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, Key.RowKey());
        var retry = new StoreRetry(TimeProvider.System, _ => (givesUp ? abandon : null)?.Cancel());
        using var loop = new ShardLoop(Shard, captures, encoder, retry, Workers.Pool, new ShardOptions { Limits = Limits });
        await loop.ClaimAsync([Shard], abandon.Token);
        var run = loop.RunAsync(abandon.Token);
        var cursors = new FileCursors(Shard, loop.State.Files);
        var import = new FileImport(cursors, LogFormats.Named("combined"), Key.Cursors(), loop, Workers.Pool);
        try
        {
            await import.RunAsync([_folder], final: true, abandon.Token);
        }
        finally
        {
            loop.Complete();
            await run;
        }
    }

    /// <summary>After any end: one more import, and every line is captured once.</summary>
    private async Task CheckAsync(MemoryStore memory)
    {
        using var abandon = new CancellationTokenSource();
        await ImportAsync(memory, abandon);
        var state = await new CaptureStore(memory, "store", Key.Captures()).FoldAsync(Shard, TestContext.Current.CancellationToken);
        Assert.Equal((long)Files * LinesInFile, state.Sources[Shard].Lines);
        Assert.All(state.Files.Values, file => Assert.Equal(LinesInFile, file.Line));
    }

    private static string Line(int file, int i) =>
        $"198.{file}.{i / 250}.{i % 250} - - [02/Nov/2026:00:{i / 60 % 60:D2}:{i % 60:D2} +0000] " +
        "\"GET /updates.2.tsv HTTP/1.1\" 200 1 \"-\" \"-\"\n";
}
