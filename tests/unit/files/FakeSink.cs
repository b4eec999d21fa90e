using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Takes blocks, and acknowledges them at once or when it is told to. Knows what a shard would know: the cursors of acknowledged
/// blocks.</summary>
internal sealed class FakeSink(bool acknowledges = true) : IBlockSink
{
    private readonly Lock _lock = new();
    private readonly Queue<(SourceBlock Block, string Text, TaskCompletionSource<BlockOutcome> Outcome)> _waiting = new();

    public List<SourceBlock> Offered { get; } = [];
    public List<string> Lines { get; } = [];
    /// <summary>Notes of acknowledged reads.</summary>
    public SortedDictionary<string, long> Notes { get; } = new(StringComparer.Ordinal);
    public SortedDictionary<string, FileCursor> Files { get; } = new(StringComparer.Ordinal);
    public int Waiting => _waiting.Count;
    public Exception? Fails { get; set; }

    /// <summary>What the machine knows of names: it outlives a process.</summary>
    public FileNames Names { get; private init; } = new();

    public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (Fails is { } failure)
            {
                throw failure;
            }
            var outcome = new TaskCompletionSource<BlockOutcome>();
            Offered.Add(block with { Lines = block.Lines.ToArray(), Release = null });
            _waiting.Enqueue((Offered[^1], Encoding.Latin1.GetString(block.Lines.Span), outcome));
            block.Release!();
            if (acknowledges)
            {
                Acknowledge();
            }
            return ValueTask.FromResult(outcome.Task);
        }
    }

    public void Acknowledge(int most = int.MaxValue)
    {
        for (; most > 0 && _waiting.TryDequeue(out var next); most--)
        {
            var block = next.Block;
            var lines = next.Text.Split('\n');
            Lines.AddRange(lines[^1].Length == 0 ? lines[..^1] : lines);
            var key = ShardState.FileKey(block.Source, block.File!);
            var before = Files.GetValueOrDefault(key);
            Assert.Equal(before?.Offset ?? (block.Branch is { } branch && Files.ContainsKey(ShardState.FileKey(block.Source, branch.Of))
                ? block.From : 0), block.From);
            var physical = BlockEncoder.PhysicalLines(block.Lines.Span);
            var read = new ReadEntry
            {
                Source = block.Source, Format = block.Format.Name, File = block.File, From = block.From, To = block.To, Check = block.Check,
                    Lines = physical,
                Fields = block.Format.FieldsAfter(block.Lines.Span, block.FieldsBefore), Line = block.Line, Physical = physical,
                    Checks = block.Checks, Branch = block.Branch,
            };
            Files[key] = read.Cursor(before);
            foreach (var (note, count) in block.Notes ?? new Dictionary<string, long>())
            {
                Notes[note] = Notes.GetValueOrDefault(note) + count;
            }
            next.Outcome.SetResult(new BlockOutcome(new Link(0, Sha256.Of([])), read, new Dictionary<string, long>(), []));
        }
    }

    /// <summary>A new process: what was offered and not acknowledged is forgotten.</summary>
    public FakeSink Restarted()
    {
        var next = new FakeSink(acknowledges) { Names = Names };
        next.Lines.AddRange(Lines);
        foreach (var (key, cursor) in Files)
        {
            next.Files[key] = cursor;
        }
        foreach (var (note, count) in Notes)
        {
            next.Notes[note] = count;
        }
        return next;
    }

    /// <summary>Which other sources have a content; null: none is asked.</summary>
    public KnownContents? Contents { get; set; }

    public FileCursors Cursors() => new("web", Files, Names) { Contents = Contents };
}

/// <summary>What the sources said, one line each: `name path numbers`, the folder left out.</summary>
internal sealed class FakeEvents(string folder) : ISourceEvents
{
    public List<string> All { get; } = [];

    public IEnumerable<string> Of(string name) => All.Where(e => e.StartsWith(name + " ", StringComparison.Ordinal));

    public void Opened(string path, long offset) => Add("opened", path, offset);
    public void Offered(string path, long from, long to) => Add("offered", path, from, to);
    public void Renamed(string path, string newPath, long offset) => Add("renamed", path, Path.GetFileName(newPath), offset);
    public void TailTaken(string path, long offset, long bytes) => Add("tail-taken", path, offset, bytes);
    public void Truncated(string path, long length, long offset) => Add("truncated", path, length, offset);
    public void Shrunk(string path, long length, long offset) => Add("shrunk", path, length, offset);
    public void SameContent(string path, string other) => Add("same-content", path, Path.GetFileName(other));
    public void SameFirstLine(string path, int ordinal) => Add("same-first-line", path, ordinal);
    public void Rewound(string path, long from, long offset, bool edited) => Add(edited ? "edited" : "rewound", path, from, offset);
    public void KnownContent(string path, string owner) => Add("known-content", path, owner);
    public void BadGzip(string path, ContentEnd end, long decompressed) => Add("bad-gzip", path, end, decompressed);
    public void Unreadable(string path, Exception error) => Add("unreadable", path);
    public void UnknownFormat(string path, string why) => Add("unknown-format", path);
    public void TailGivenUp(string path, long offset, long bytes) => Add("tail-given-up", path, offset, bytes);

    private void Add(string name, string path, params object[] rest)
    {
        lock (All)
        {
            All.Add(string.Join(' ', [name, Path.GetRelativePath(folder, path), .. rest]));
        }
    }
}

/// <summary>A folder of its own with log files in it, and what reads them.</summary>
internal sealed class LogFolder : IDisposable
{
    public static readonly KeyedHash Hash = new InstallationKey(new byte[32]).Cursors();
    public static readonly ILineFormat Combined = LogFormats.Named("combined");

    private DateTime _written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public LogFolder() => Events = new FakeEvents(Root);

    public string Root { get; } = Directory.CreateTempSubdirectory("pipeline-sources-").FullName;
    public FakeEvents Events { get; }
    public FakeTimeProvider Time { get; } = new();
    public string this[string name] => Path.Combine(Root, name);

    /// <summary>Every write has a time of its own, as it has where polls are a second apart.</summary>
    public string Write(string name, string text) => Touch(name, () => File.WriteAllText(this[name], text, Encoding.Latin1));

    public string Append(string name, string text) => Touch(name, () => File.AppendAllText(this[name], text, Encoding.Latin1));

    public string WriteBytes(string name, byte[] bytes) => Touch(name, () => File.WriteAllBytes(this[name], bytes));

    public string WriteGzip(string name, string text) => WriteBytes(name, Gzip(text));

    public void Move(string from, string to) => File.Move(this[from], this[to], overwrite: true);

    public static byte[] Gzip(string text) => Gzip(Encoding.Latin1.GetBytes(text));

    public static byte[] Gzip(byte[] bytes)
    {
        var into = new MemoryStream();
        using (var gzip = new GZipStream(into, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return into.ToArray();
    }

    public async Task<IReadOnlyList<FileResult>> ImportAsync(FakeSink sink, bool final = false, ILineFormat? format = null,
        bool auto = false, Workers? workers = null, params string[] names) =>
        await new FileImport(sink.Cursors(), auto ? null : format ?? Combined, Hash, sink, workers ?? Workers.Inline, Events)
            .RunAsync(names.Length == 0 ? [Root] : names.Select(n => this[n]), final, TestContext.Current.CancellationToken);

    public TailSource Tail(FakeSink sink, params string[] patterns) =>
        new(new TailOptions { Paths = [.. patterns.Select(p => this[p])], QuietPoll = TimeSpan.Zero }, sink.Cursors(), Combined, Hash,
            Workers.Inline, Time, Events);

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private string Touch(string name, Action write)
    {
        write();
        _written += TimeSpan.FromSeconds(1);
        File.SetLastWriteTimeUtc(this[name], _written);
        return this[name];
    }
}
