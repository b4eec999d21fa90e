using System.IO.Enumeration;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>
/// Reads files to their end, once: 1 find — 2 identify — 3 decide where to go on — 4 offer its blocks in order — 5 wait until they are
/// captured.
/// A few files are under way at once; those with one fingerprint go one after the other, so that the same content is read once. A file that
/// grows meanwhile is read to the end that is met, which may lie beyond the length it had.
/// An error of a file is in its result, and the others go on. A dry run is the same with a sink that captures nothing.
/// </summary>
/// <param name="format">Null: each file's is detected; a file that was read before keeps its own.</param>
public sealed class FileImport(FileCursors cursors, ILineFormat? format, KeyedHash hash, IBlockSink sink, Workers workers,
    ISourceEvents? events = null)
{
    /// <summary>Files that are read at the same time.</summary>
    public const int MaxAtOnce = 4;

    /// <summary>Patterns of names of files that are left out, with `*` and `?`.</summary>
    public IReadOnlyList<string> Excluded { get; init; } = [];

    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    /// <param name="final">Nothing more will come: an unterminated end is a line too (rule 29).</param>
    /// <returns>A result for each file that was found, in order, and one for each path that leads to none. When it returns, everything
    /// offered is captured.</returns>
    /// <exception cref="FencedException">A newer process has the shard.</exception>
    public async Task<IReadOnlyList<FileResult>> RunAsync(IEnumerable<string> paths, bool final, CancellationToken cancel)
    {
        // 1 find
        var found = paths.SelectMany(Find).DistinctBy(f => f.Path).ToArray();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var room = new SemaphoreSlim(MaxAtOnce);
        var last = new Dictionary<string, Task>(StringComparer.Ordinal);
        var running = new List<Task>();
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i].Error is not null)
            {
                continue;
            }
            await room.WaitAsync(CancellationToken.None);
            if (stop.IsCancellationRequested)
            {
                break;
            }
            // 2 identify
            var at = i;
            var (file, first, result) = await workers.Run(() => Identify(found[at], final));
            found[at] = result;
            if (file is null || first is not { Hash: var fingerprint, End: var end })
            {
                file?.Dispose();
                room.Release();
                continue;
            }
            var before = last.GetValueOrDefault(fingerprint);
            last[fingerprint] = ReadAsync();
            running.Add(last[fingerprint]);

            async Task ReadAsync()
            {
                using (file)
                {
                    try
                    {
                        await (before ?? Task.CompletedTask);
                        found[at] = await ReadFileAsync(file, fingerprint, new FileContent(file, hash, end), found[at], final, stop.Token);
                    }
                    catch
                    {
                        await stop.CancelAsync();
                        throw;
                    }
                    finally
                    {
                        room.Release();
                    }
                }
            }
        }
        await Task.WhenAll(running);
        cancel.ThrowIfCancellationRequested();
        return found;
    }

    private IEnumerable<FileResult> Find(string path)
    {
        var files = SourcePaths.Find(path).ToList();
        return files.Count > 0 ? files.Where(file => !IsExcluded(file)).Select(file => new FileResult { Path = file })
            : [new FileResult { Path = path, Error = Directory.Exists(path)
                ? $"{path}: the folder holds no file, or none that this user may read."
                : $"{path}: there is no such file, and no file matches it." }];
    }

    private bool IsExcluded(string path) => Excluded.Any(pattern =>
        FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path), ignoreCase: false));

    private (SourceFile? File, (string Hash, long End)? First, FileResult Result) Identify(FileResult result, bool final)
    {
        SourceFile? file = null;
        try
        {
            file = SourceFile.Open(result.Path);
            var fingerprint = FileFingerprint.Find(file.ContentAt(0), hash);
            if (fingerprint is null && (file.IsGzip ? file.End == ContentEnd.Whole : final))
            {
                fingerprint = FileFingerprint.Find(file.ContentAt(0), hash, final: true, format);
            }
            result = result with { IsGzip = file.IsGzip, End = file.End };
            return (file, fingerprint, fingerprint is not null ? result
                : result with { Pending = file.IsGzip ? file.Decompressed : file.RawLength, Error = Wrong(file) });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            return (null, null, result with { Error = Unreadable(result.Path, e) });
        }
    }

    private async Task<FileResult> ReadFileAsync(SourceFile file, string fingerprint, FileContent content, FileResult result, bool final,
        CancellationToken cancel)
    {
        var taken = new Acknowledgements();
        LineBlocks? blocks = null;
        long from = 0, line = 0;
        string? error = null;
        try
        {
            // 3 decide
            await cursors.RecallAsync(fingerprint, result.Path, cancel);
            var decision = await workers.Run(() => Decide(fingerprint, content, result.Path));
            if (decision is FileDecision.New && await OwnerAsync(fingerprint, content, cancel) is { } owner)
            {
                return result with
                {
                    KnownAs = owner,
                        Error = $"{result.Path}: this content is already under source {owner}, so nothing of it is read. If the source " +
                        $"is mistyped, import it "
                        + "under the right one; --again takes it a second time.",
                };
            }
            var cursor = (decision as FileDecision.Resume)?.Cursor;
            var point = (decision as FileDecision.Branch)?.Point;
            (from, line) = (cursor?.Offset ?? point?.From ?? 0, cursor?.Line ?? 0);
            result = result with { Identity = decision.Identity, From = from, To = from, SameAs = Same(decision.Identity, result.Path) };
            result = decision switch
            {
                FileDecision.New { Ordinal: var ordinal } => result with { Ordinal = ordinal },
                FileDecision.Branch { Point.From: 0, Ordinal: var ordinal } => result with { Ordinal = ordinal },
                FileDecision.Branch { Point: var known } => result with { Rewound = cursors.Find(known.Of)?.Offset, Edited = known.Edited },
                _ => result,
            };
            if (decision is FileDecision.Shrunk shrunk)
            {
                return result with { From = 0, To = 0, End = file.End,
                    Error = Shrunk(file, shrunk, result.SameAs ?? cursors.Names.Find(shrunk.Identity)) };
            }
            var why = "";
            var reads = format ?? (cursor is not null ? LogFormats.Remembered(cursor.Format, out why)
                : point is not null && cursors.Find(point.Of) is { } of ? LogFormats.Remembered(of.Format, out why)
                    : await workers.Run(() => file.DetectFormat(out why)));
            if (reads is null)
            {
                return result with { Error = $"{result.Path}: its format is not recognised: {why}. Nothing of it is read; leave it out "
                    + $"with --exclude '{Path.GetFileName(result.Path)}' where it is no log of requests." };
            }
            Report(result);
            result = result with { Format = reads.Name };

            // 4 offer
            cursors.Names.Note(decision.Identity, cursors.Names.Find(decision.Identity) ?? result.Path);
            var reading = new FileReading(cursors.Source, decision.Identity, reads, hash) { IsRemembered = true, Begins = point };
            var start = point is null ? cursor : await workers.Run(() => content.Start(reading, point));
            line = start?.Line ?? 0;
            blocks = await workers.Run(() => file.Blocks(reading, start));
            for (var ended = false; ;)
            {
                cancel.ThrowIfCancellationRequested();
                var block = await workers.Run(() => blocks.Next(final: ended));
                if (block is not null)
                {
                    await OfferAsync(block, blocks, taken, result.Path, cancel);
                }
                else if (ended || !(file.IsGzip ? file.End == ContentEnd.Whole || (final && file.End == ContentEnd.Garbage) : final))
                {
                    break;
                }
                else
                {
                    ended = true;
                }
            }
            error = Wrong(file) ?? (!file.IsGzip && blocks.Offset + blocks.Pending < file.LengthAtOpen
                ? $"{result.Path}: it shrank while it was read: {file.LengthAtOpen} bytes when it was opened, it ended at " +
                    $"{blocks.Offset + blocks.Pending}. What was complete until then is taken; if it was truncated to be written anew, " +
                    $"import it again." : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = Unreadable(result.Path, e) + (blocks is null ? ""
                : $" What is complete before offset {blocks.Offset} is taken; import it again for the rest.");
        }
        finally
        {
            blocks?.Dispose();
        }
        // 5 wait
        await taken.FinishAsync();
        return result with
        {
            To = blocks?.Offset ?? from, Lines = (blocks?.Line ?? line) - line, Pending = blocks?.Pending
                ?? 0, End = file.End, Counts = taken.Counts, Error = error,
            PossibleDoubles = blocks?.PossibleDoubles ?? 0,
        };
    }

    private async ValueTask OfferAsync(SourceBlock block, LineBlocks blocks, Acknowledgements taken, string path, CancellationToken cancel)
    {
        await taken.OfferAsync(sink, block, cancel);
        cursors.Advance(block.File!, blocks.Cursor!);
        events?.Offered(path, block.From, block.To);
    }

    private Task<string?> OwnerAsync(string fingerprint, FileContent content, CancellationToken cancel) => cursors.Contents is { } contents
        ? contents.OwnerAsync(fingerprint, other => workers.Run(() => ContentLikeness.Of(other, fingerprint, content)), cancel)
            : Task.FromResult<string?>(null);

    private FileDecision Decide(string fingerprint, FileContent content, string path)
    {
        var decision = cursors.Decide(fingerprint, content, path);
        if (decision is FileDecision.Shrunk { IsNear: true, Again: { } again } && !IsElsewhere(again.Point.Of, path))
        {
            decision = again;
        }
        return decision is FileDecision.Branch branch && IsElsewhere(branch.Point.Of, path) ? branch with { Point = branch.Point.Apart() }
            : decision;
    }

    /// <summary>Another path of this run has that content.</summary>
    private bool IsElsewhere(string identity, string path)
    {
        lock (_paths)
        {
            return _paths.TryGetValue(identity, out var other) && other != path;
        }
    }

    private string? Same(string identity, string path)
    {
        lock (_paths)
        {
            return _paths.TryAdd(identity, path) || _paths[identity] == path ? null : _paths[identity];
        }
    }

    private void Report(FileResult result)
    {
        events?.Opened(result.Path, result.From);
        if (result.Ordinal > 0)
        {
            events?.SameFirstLine(result.Path, result.Ordinal);
        }
        if (result.Rewound is { } offset)
        {
            events?.Rewound(result.Path, result.From, offset, result.Edited);
        }
        if (result.SameAs is { } other)
        {
            events?.SameContent(result.Path, other);
        }
    }

    private static string Unreadable(string path, Exception e) =>
        e is UnauthorizedAccessException ? $"{path}: it may not be read: give this program's user the right to read it."
            : $"{path}: {UnreadableFileException.Why(e)}.";

    private static string Shrunk(SourceFile file, FileDecision.Shrunk shrunk, string? same) => Wrong(file) is { } wrong ? wrong
        + $" It was read up to offset {shrunk.Cursor.Offset} before."
        : $"{file.Path}: it is {(file.IsGzip ? file.Decompressed : file.RawLength)} bytes long, and was read up to offset " +
            $"{shrunk.Cursor.Offset} before"
        + (same is { } known && known != file.Path ? $" as {known}" : "")
            + ". Nothing of it is read. If it is an older copy, all is well; if it was truncated, what was written since then is not here.";

    private static string? Wrong(SourceFile file) => file.End switch
    {
        ContentEnd.Cut =>
            $"{file.Path}: the gzip file is cut: it ends within its compressed data, after {file.Decompressed} bytes of content. The " +
            $"complete lines before are taken; bring the whole file and import it again.",
        ContentEnd.Damaged =>
            $"{file.Path}: the gzip file is damaged after {file.Decompressed} bytes of content: its data is not gzip, or its CRC or " +
            $"length does not match. The complete lines before are taken; bring a sound copy and import it again.",
        ContentEnd.Garbage =>
            $"{file.Path}: after {file.Decompressed} bytes of content the gzip file goes on with bytes that are not gzip. The complete " +
            $"lines before are taken; an unterminated one is left.",
        _ => null,
    };
}
