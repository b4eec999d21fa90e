using System.Diagnostics;
using System.Text.Json;
using Pipeline.Ingest.Formats;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;

namespace Pipeline.Tests.Benchmarks.Tail;

/// <summary>A tail as the program has it, into a sink that gives every block back at once: what is left is the tail's own cost. Ends when
/// so many bytes were offered.</summary>
internal sealed class TailSink(long bytes, CancellationTokenSource stop) : IBlockSink
{
    /// <param name="Seconds">From the first block to the last; so the processor time, user and system, of the whole process.</param>
    internal sealed record Ran(double Seconds, double CpuSeconds, long Blocks, long Polls, long Allocated, long PeakBytes);

    private long _left = bytes, _blocks, _polls, _started, _allocated, _lastPoll;
    private TimeSpan _cpu;

    public static async Task<int> RunAsync(string folder, long bytes)
    {
        using var stop = new CancellationTokenSource();
        var sink = new TailSink(bytes, stop);
        var tail = new TailSource(new TailOptions { Paths = [folder] }, new FileCursors("web", []), LogFormats.Named("combined"),
            InstallationKey.New().Cursors(), Workers.Pool, TimeProvider.System, Silent.Instance);
        await tail.RunAsync(sink, stop.Token);
        Console.WriteLine(
            JsonSerializer.Serialize(new Ran(Stopwatch.GetElapsedTime(sink._started).TotalSeconds,
            (Environment.CpuUsage.TotalTime - sink._cpu).TotalSeconds, sink._blocks, sink._polls,
            GC.GetTotalAllocatedBytes() - sink._allocated, Machine.PeakBytes())));
        return 0;
    }

    public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
    {
        if (_blocks++ == 0)
        {
            (_started, _cpu, _allocated) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
        }
        if (Stopwatch.GetElapsedTime(_lastPoll).TotalSeconds > 0.5)
        {
            (_polls, _lastPoll) = (_polls + 1, Stopwatch.GetTimestamp());
        }
        block.Release?.Invoke();
        if ((_left -= block.To - block.From) <= 0)
        {
            stop.Cancel();
        }
        var read = new ReadEntry { Source = block.Source, Format = block.Format.Name, File = block.File, From = block.From, To = block.To,
            Check = block.Check, Lines = 0 };
        return ValueTask.FromResult(
            Task.FromResult(new BlockOutcome(new Link(0, Sha256.Of([])), read, new Dictionary<string, long>(), [])));
    }

    private sealed class Silent : ISourceEvents
    {
        public static readonly Silent Instance = new();

        public void Opened(string path, long offset) { }
        public void Offered(string path, long from, long to) { }
        public void Renamed(string path, string newPath, long offset) { }
        public void TailTaken(string path, long offset, long bytes) { }
        public void Truncated(string path, long length, long offset) =>
            throw new InvalidOperationException($"{path} was taken for truncated");
        public void Shrunk(string path, long length, long offset) { }
        public void SameContent(string path, string other) { }
        public void KnownContent(string path, string source) { }
        public void SameFirstLine(string path, int ordinal) { }
        public void Rewound(string path, long from, long offset, bool edited) { }
        public void BadGzip(string path, ContentEnd end, long decompressed) { }
        public void Unreadable(string path, Exception error) { }
        public void UnknownFormat(string path, string why) { }
        public void TailGivenUp(string path, long offset, long bytes) { }
    }
}
