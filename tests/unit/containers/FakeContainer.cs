using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;

namespace Pipeline.Tests.Unit.Containers;

/// <summary>A container in memory, with a clock of its own. It can be out, answer for a blob with a fault, or let a blob grow between a
/// list and a read.</summary>
internal sealed class FakeContainer(Func<DateTimeOffset> clock) : IAppendedBlobs
{
    private readonly SortedDictionary<string, (MemoryStream Bytes, string Etag, DateTimeOffset Modified)> _blobs =
        new(StringComparer.Ordinal);
    private long _etag;

    public string Location => "fake";
    public int Lists { get; private set; }
    public int Reads { get; private set; }
    public List<string> Listed { get; } = [];
    public StoreException? Out { get; set; }
    public Dictionary<string, StoreException> Faults { get; } = [];
    /// <summary>Called before a read: what it appends comes between.</summary>
    public Action<string>? Reading { get; set; }

    public void Append(string name, string text)
    {
        var bytes = _blobs.TryGetValue(name, out var blob) ? blob.Bytes : new MemoryStream();
        bytes.Write(Encoding.Latin1.GetBytes(text));
        _blobs[name] = (bytes, NextEtag(), clock());
    }

    public void Replace(string name, string text)
    {
        _blobs.Remove(name);
        Append(name, text);
    }

    public void Delete(string name) => _blobs.Remove(name);

    public IAsyncEnumerable<AppendedPage> ListAsync(string prefix, CancellationToken cancel) => PagesAsync(prefix, level: false, cancel);

    public IAsyncEnumerable<AppendedPage> ListLevelAsync(string prefix, CancellationToken cancel) =>
        PagesAsync(prefix, level: true, cancel);

    public Task<AppendedBlob?> FindAsync(string name, CancellationToken cancel)
    {
        Answer(name);
        return Task.FromResult(_blobs.ContainsKey(name) ? Of(name) : null);
    }

    public Task<bool> ReadAsync(AppendedBlob blob, long offset, Memory<byte> into, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + into.Length, blob.Length);
        Reads++;
        Answer(blob.Name);
        Reading?.Invoke(blob.Name);
        if (!_blobs.TryGetValue(blob.Name, out var there) || there.Etag != blob.Etag)
        {
            return Task.FromResult(false);
        }
        there.Bytes.GetBuffer().AsMemory((int)offset, into.Length).CopyTo(into);
        return Task.FromResult(true);
    }

    private async IAsyncEnumerable<AppendedPage> PagesAsync(string prefix, bool level, [EnumeratorCancellation] CancellationToken cancel)
    {
        Lists++;
        Listed.Add((level ? "level " : "") + prefix);
        Answer(null);
        await Task.CompletedTask;
        var names = _blobs.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        var folders = level ? names.Where(n => n.IndexOf('/', prefix.Length) >= 0).Select(n => n[..(n.IndexOf('/', prefix.Length) + 1)])
            .Distinct().ToList() : [];
        var blobs = names.Where(n => !level || n.IndexOf('/', prefix.Length) < 0).Select(Of).ToList();
        // Pages of three: a list is cut anywhere.
        for (var from = 0; from <= blobs.Count; from += 3)
        {
            yield return new AppendedPage(blobs.Skip(from).Take(3).ToList(), from == 0 ? folders : [], clock());
        }
    }

    private AppendedBlob Of(string name) => new(name, _blobs[name].Bytes.Length, _blobs[name].Etag, _blobs[name].Modified);

    private string NextEtag() => (++_etag).ToString(CultureInfo.InvariantCulture);

    private void Answer(string? name)
    {
        if ((Out ?? (name is null ? null : Faults.GetValueOrDefault(name))) is { } fault)
        {
            throw fault;
        }
    }
}

/// <summary>What a shard would have: rows by path, repeated rows, losses and cursors, of blocks that are acknowledged. What is not yet is
/// forgotten with a restart.</summary>
internal sealed class ContainerSink(bool acknowledges = true) : IBlockSink
{
    private readonly Queue<(SourceBlock Block, TaskCompletionSource<BlockOutcome> Outcome)> _waiting = new();

    public SortedDictionary<string, List<string>> Rows { get; } = new(StringComparer.Ordinal);
    public SortedDictionary<string, int> Repeated { get; } = new(StringComparer.Ordinal);
    public SortedDictionary<string, FileCursor> Files { get; } = new(StringComparer.Ordinal);
    public List<string> Notes { get; } = [];
    public int Blocks { get; private set; }
    public Exception? Fails { get; set; }

    /// <summary>What the machine knows of names: it outlives a process.</summary>
    public FileNames Names { get; private init; } = new();

    public void Note(string source, string note) => Notes.Add(note);

    public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
    {
        if (Fails is { } failure)
        {
            throw failure;
        }
        var outcome = new TaskCompletionSource<BlockOutcome>();
        _waiting.Enqueue((block with { Lines = block.Lines.ToArray(), Release = null }, outcome));
        block.Release!();
        if (acknowledges)
        {
            Acknowledge();
        }
        return ValueTask.FromResult(outcome.Task);
    }

    public void Acknowledge(int most = int.MaxValue)
    {
        for (; most > 0 && _waiting.TryDequeue(out var next); most--)
        {
            var block = next.Block;
            Blocks++;
            var key = ShardState.FileKey(block.Source, block.File!);
            Assert.Equal(Files.GetValueOrDefault(key)?.Offset ?? 0, block.From);
            var path = Names.Find(block.File!)!;
            var rows = Rows.TryGetValue(path, out var has) ? has : Rows[path] = [];
            var from = 0;
            foreach (var repeated in block.Repeated.Append(new Range(block.Lines.Length, block.Lines.Length)))
            {
                rows.AddRange(Encoding.Latin1.GetString(block.Lines.Span[from..repeated.Start.Value])
                    .Split('\n', StringSplitOptions.RemoveEmptyEntries));
                from = repeated.End.Value;
            }
            Repeated[path] = Repeated.GetValueOrDefault(path) + block.Repeated.Count;
            var physical = BlockEncoder.PhysicalLines(block.Lines.Span);
            Files[key] = new FileCursor
            {
                Source = block.Source, Offset = block.To, Check = block.Check,
                    Fields = block.Format.FieldsAfter(block.Lines.Span, block.FieldsBefore), Line = block.Line
                    + physical, Format = block.Format.Name,
            };
            next.Outcome.SetResult(new BlockOutcome(new Link(0, Sha256.Of([])),
                new ReadEntry { Source = block.Source, Format = block.Format.Name, File = block.File, From = block.From, To = block.To,
                Check = block.Check, Lines = physical }, new Dictionary<string, long>(), []));
        }
    }

    /// <param name="names">Of another machine; null: of this one.</param>
    public ContainerSink Restarted(FileNames? names = null)
    {
        var next = new ContainerSink(acknowledges) { Blocks = Blocks, Names = names ?? Names };
        foreach (var (path, rows) in Rows)
        {
            next.Rows[path] = rows;
        }
        foreach (var (path, count) in Repeated)
        {
            next.Repeated[path] = count;
        }
        foreach (var (key, cursor) in Files)
        {
            next.Files[key] = cursor;
        }
        next.Notes.AddRange(Notes);
        return next;
    }
}
