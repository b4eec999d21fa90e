using System.IO.Compression;
using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Ingest.Containers;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Redrive;
using Pipeline.Ingest.Shard;
using Pipeline.Processor.Verify;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Containers;
using Pipeline.Tests.Unit.Files;

namespace Pipeline.Tests.Unit.Redrive;

/// <summary>Promise 7 and rule 30: what a mended parser takes becomes a record once, however often it is redriven and whatever goes wrong
/// meanwhile.</summary>
public sealed class RedriveTests : IDisposable
{
    private const string Shard = "web";
    private const int Lines = 120;
    private static readonly InstallationKey Key = new([.. Enumerable.Range(1, InstallationKey.Length).Select(i => (byte)i)]);
    private static readonly ShardLimits Limits = new(2_000, 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline-redrive-").FullName;

    private FileNames _names = new();

    private string Log => Path.Combine(_folder, "access.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_the_mended_parser_takes_is_a_record_once_and_rejections_are_net_of_it() => Play(async (us, time) =>
    {
        WriteLog();
        await ImportAsync(us, time, new Before(7));
        var before = await FoldAsync(us);
        Assert.Equal(Lines - Lines / 7 - 1, before.Sources[Shard].Rejected["malformed"]);

        var half = await RedriveAsync(us, time, new Before(2));
        Assert.Equal(before.Sources[Shard].Rejected["malformed"], half.Found);
        Assert.Equal(half.Found, half.Redriven + half.Left);
        Assert.InRange(half.Redriven, 1, half.Found - 1);
        var rest = await RedriveAsync(us, time, new CombinedFormat());
        Assert.Equal((half.Left, half.Left, 0), (rest.Found, rest.Redriven, rest.Left));
        Assert.Equal((0, 0), await RedriveAsync(us, time, new CombinedFormat()) is var again ? (again.Found, again.Redriven) : default);
        await CheckAsync(us, time);
    });

    [Fact]
    public void A_file_that_was_renamed_or_compressed_is_found_and_one_that_is_gone_is_named() => Play(async (us, time) =>
    {
        WriteLog();
        await ImportAsync(us, time, new Before(7));
        File.Move(Log, Path.Combine(_folder, "elsewhere.log"));
        var gone = await RedriveAsync(us, time, new CombinedFormat());
        Assert.Equal((0, gone.Found), (gone.Redriven, gone.Unavailable));
        Assert.Equal([Log], gone.MissingFiles);

        using (var gzip = new GZipStream(File.Create(Log + ".1.gz"), CompressionLevel.Fastest))
        {
            gzip.Write(File.ReadAllBytes(Path.Combine(_folder, "elsewhere.log")));
        }
        var found = await RedriveAsync(us, time, new CombinedFormat());
        Assert.Equal((gone.Found, 0), (found.Redriven, found.Unavailable));
        await CheckAsync(us, time);
    });

    [Fact]
    public void On_a_machine_that_knows_no_names_a_file_is_found_where_it_is_said_to_be_and_named_by_its_identity() =>
        Play(async (us, time) =>
    {
        WriteLog();
        await ImportAsync(us, time, new Before(7));
        _names = new FileNames();
        var without = await RedriveAsync(us, time, new CombinedFormat());
        Assert.Equal((0, without.Found), (without.Redriven, without.Unavailable));
        Assert.Equal([$"file {Assert.Single((await FoldAsync(us)).Files).Key[(Shard.Length + 1)..]}"], without.MissingFiles);
        var found = await RedriveAsync(us, time, new CombinedFormat(), _folder);
        Assert.Equal((without.Found, 0), (found.Redriven, found.Unavailable));
        await CheckAsync(us, time);
    });

    [Fact]
    public void Rows_of_a_container_are_redriven_from_a_file_that_the_blob_was_brought_to() => Play(async (us, time) =>
    {
        WriteLog();
        var container = new FakeContainer(time.GetUtcNow);
        container.Append(ContainerRig.Hourly(time.GetUtcNow()), File.ReadAllText(Log));
        await InShardAsync(us, time, async (loop, _) =>
        {
            var source = new ContainerSource(new FileCursors(Shard, loop.State.Files), container, new ContainerOptions(), new Before(7),
                Key.Cursors(), Workers.Inline, time, new FakeEvents("/"));
            while (await source.PollAsync(loop, CancellationToken.None))
            {
            }
            return 0;
        });
        var without = await RedriveAsync(us, time, new CombinedFormat());
        Assert.Equal((0, without.Found, true), (without.Redriven, without.Unavailable, without.Found > 0));
        var found = await RedriveAsync(us, time, new CombinedFormat(), _folder);
        Assert.Equal((without.Found, 0), (found.Redriven, found.Unavailable));
        await CheckAsync(us, time);
    });

    [Fact]
    public void A_file_whose_bytes_are_others_by_now_is_not_read() => Play(async (us, time) =>
    {
        WriteLog();
        await ImportAsync(us, time, new Before(7));
        var bytes = File.ReadAllBytes(Log);
        bytes[^3] ^= 1;
        File.WriteAllBytes(Log, bytes);
        var outcome = await RedriveAsync(us, time, new CombinedFormat());
        Assert.Equal((0, outcome.Found), (outcome.Redriven, outcome.Unavailable));
    });

    [Fact]
    public void A_line_of_several_rows_stays_as_it_is() => Play(async (us, time) =>
    {
        var row = """{"time":"2026-11-02T00:01:58Z","properties":{"CsMethod":"GET","CIp":"198.51.100.7","CsUriStem":"/updates.2.tsv","UserAgent":"-"}}""";
        File.WriteAllText(Log, $"{row}\n[{row},{{\"time\":1}}]\n");
        await ImportAsync(us, time, new AppServiceJsonFormat());
        Assert.Equal(1, (await FoldAsync(us)).Sources[Shard].Rejected["malformed"]);
        var outcome = await RedriveAsync(us, time, new AppServiceJsonFormat());
        Assert.Equal((1, 0, 1), (outcome.Found, outcome.Redriven, outcome.Left));
    });

    [Theory]
    [InlineData(Fault.FailBefore)]
    [InlineData(Fault.FailAfter)]
    [InlineData(Fault.Tear)]
    public void Nothing_is_doubled_whichever_operation_of_a_redrive_goes_wrong(Fault fault)
    {
        WriteLog();
        for (var number = 0; ; number++)
        {
            var count = 0;
            Play(async (us, time) =>
            {
                await ImportAsync(us, time, new Before(7));
                var faulty = new FaultyStore(us, FaultyStore.At(number, fault));
                try
                {
                    await RedriveAsync(faulty, time, new Before(2));
                }
                catch (Exception e) when (e is StoreException or PipelineException)
                {
                    // The process ended; the next one knows what it did.
                }
                count = faulty.Count;
                await RedriveAsync(us, time, new CombinedFormat());
                await CheckAsync(us, time);
            });
            if (number >= count)
            {
                Assert.InRange(number, 10, 500);
                return;
            }
        }
    }

    /// <summary>Every line is a record once, and `verify` agrees.</summary>
    private static async Task CheckAsync(IObjectStore us, TimeProvider time)
    {
        var state = await FoldAsync(us);
        Assert.Empty(state.Sources[Shard].Rejected);
        Assert.Equal(Lines, state.Sources[Shard].Lines);
        Assert.Equal(Lines - Lines / 7 - 1, state.Sources[Shard].Redriven!["malformed"]);
        var captures = await CapturesAsync(us);
        var addresses = new List<string>();
        for (long n = 0; await captures.ReadAsync(Shard, n) is { } capture; n++)
        {
            foreach (var frame in capture.Header.Frames)
            {
                foreach (var batch in FrameDecoder.Decode(PublishedContracts.XenCenterChecks, capture.Frame(frame), frame.Rows))
                {
                    for (var i = 0; i < batch.Rows; i++)
                    {
                        addresses.Add(Encoding.ASCII.GetString(batch.Strings[0][i]));
                    }
                }
            }
        }
        Assert.Equal(Enumerable.Range(0, Lines).Select(Address).Order(StringComparer.Ordinal), addresses.Order(StringComparer.Ordinal));
        var report = await new Verifier(captures,
            [.. PublishedContracts.All.Select(contract => new TableLog(new MemoryStore(time, "uk"), contract, captures.StoreId, Key.KeyId,
            time))], Key.RowKey(), Workers.Inline).RunAsync(deep: true);
        Assert.True(report.Ok && report.Redriven["malformed"] == Lines - Lines / 7 - 1 && report.Rejections.Count == 0, report.ToJson());
    }

    private static void Play(Func<MemoryStore, SimulatedTime, Task> play)
    {
        var time = new SimulatedTime();
        new SimulatedThread(1, time).Run(async () =>
        {
            await play(new MemoryStore(time, "us"), time);
            return 0;
        });
    }

    private static string Address(int i) => $"198.51.{i / 100}.{i % 100}";

    private void WriteLog() => File.WriteAllLines(Log, Enumerable.Range(0, Lines)
        .Select(i => $"{Address(i)} - - [02/Nov/2026:00:{i % 60:00}:58 +0000] \"GET /xc/XCUpdates.xml HTTP/1.1\" 200 13106 \"-\" " +
        $"\"XenCenter/8.2.{i}.4 (64-bit)\""));

    private static async Task<CaptureStore> CapturesAsync(IObjectStore us) =>
        new(us, (await StoreIdentity.InitAsync(us, StoreRole.Capture, "us", PublishedContracts.All)).Id, Key.Captures());

    private static async Task<ShardState> FoldAsync(IObjectStore us) => await (await CapturesAsync(us)).FoldAsync(Shard);

    private async Task ImportAsync(IObjectStore us, TimeProvider time, ILineFormat format)
    {
        await InShardAsync(us, time, (loop, _) => new FileImport(new FileCursors(Shard, loop.State.Files, _names), format, Key.Cursors(),
            loop, Workers.Inline).RunAsync([Log], final: true, CancellationToken.None));
    }

    private Task<RedriveOutcome> RedriveAsync(IObjectStore us, TimeProvider time, ILineFormat format, params string[] paths) =>
        InShardAsync(us, time, async (loop, captures) =>
    {
        var outcome = new RedriveOutcome();
        var reads = await RejectedReads.OfAsync(captures, loop.State, Shard, "malformed", _ => { }, CancellationToken.None);
        await new Redriver(paths, _names, format, "malformed", Key.Cursors(), loop,
            new ParsedLines(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates))
            .RunAsync(reads, outcome, CancellationToken.None);
        return outcome;
    });

    private static async Task<T> InShardAsync<T>(IObjectStore us, TimeProvider time, Func<ShardLoop, CaptureStore, Task<T>> act)
    {
        var captures = await CapturesAsync(us);
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, Key.RowKey());
        var options = new ShardOptions { Limits = Limits };
        using var loop = new ShardLoop(Shard, captures, encoder, new StoreRetry(time), Workers.Inline, options);
        await loop.ClaimAsync([Shard], CancellationToken.None);
        var run = loop.RunAsync(CancellationToken.None);
        T result;
        try
        {
            result = await act(loop, captures);
        }
        finally
        {
            loop.Complete();
            await run;
        }
        return result;
    }

    /// <summary>A parser before it was mended: it takes every n-th line only, by the third number of the version.</summary>
    private sealed class Before(int takes) : ILineFormat
    {
        private static readonly CombinedFormat Mended = new();

        public string Name => Mended.Name;

        public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

        public bool IsDirective(ReadOnlySpan<byte> line) => false;

        public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
        {
            while (!block.IsEmpty)
            {
                var end = block.IndexOf((byte)'\n');
                var line = end < 0 ? block : block[..(end + 1)];
                block = block[line.Length..];
                var text = Encoding.ASCII.GetString(line);
                Mended.Parse(int.Parse(
                    text[(text.LastIndexOf("8.2.", StringComparison.Ordinal) + 4)..text.LastIndexOf(".4 (", StringComparison.Ordinal)],
                    System.Globalization.CultureInfo.InvariantCulture) % takes == 0 ? line : "?\n"u8, null, into);
            }
            return null;
        }
    }
}
