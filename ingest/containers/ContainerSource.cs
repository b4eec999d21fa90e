using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Containers;

/// <summary>
/// Follows the blobs of a container that others append to. Each poll: 1 list what may have changed — 2 look into the blobs that did: what
/// is their content, by rule 34, whatever their name — 3 offer what is new, rows that
/// were written twice marked — 4 judge those that are shorter than what was read.
/// It takes no lease and writes nothing. A container that does not answer is told once and asked again, ever more seldom.
/// </summary>
public sealed partial class ContainerSource : ISource, IDisposable
{
    /// <summary>Blobs that are looked into at the same time: each holds a range and a block of up to 1 MiB.</summary>
    public const int MaxAtOnce = 8;

    /// <summary>Blocks that one blob may offer before the others have their turn.</summary>
    private const int MaxBlocksAtOnce = 16;

    /// <summary>Blobs that may fail in one poll before the rest waits for the next.</summary>
    private const int MaxFaults = 3;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    private readonly IAppendedBlobs _blobs;
    private readonly ContainerOptions _options;
    private readonly FileCursors _cursors;
    private readonly ILineFormat? _format;
    private readonly KeyedHash _hash;
    private readonly Workers _workers;
    private readonly TimeProvider _time;
    private readonly ISourceEvents _events;
    private readonly ContainerListing _listing;
    private readonly ContainerWindows _windows;
    private readonly Dictionary<string, List<string>> _hints = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SeenBlob> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);
    private readonly HashSet<string> _busy = new(StringComparer.Ordinal);
    private readonly List<(SeenBlob Seen, FileDecision.Shrunk Found)> _shrunk = [];
    private readonly Acknowledgements _taken = new();
    private readonly SemaphoreSlim _offering = new(1);
    private readonly Lock _lock = new();
    private int _faults, _failed;
    private bool _more;
    private long? _listed;

    /// <param name="cursors">Where each blob was read up to, and under which name.</param>
    /// <param name="format">Null: each blob's is detected; one that was read before keeps its own.</param>
    public ContainerSource(FileCursors cursors, IAppendedBlobs blobs, ContainerOptions options, ILineFormat? format, KeyedHash hash,
        Workers workers, TimeProvider time, ISourceEvents events)
    {
        (_blobs, _options, _format, _hash, _workers, _time, _events) = (blobs, options, format, hash, workers, time, events);
        _cursors = cursors;
        foreach (var (identity, name) in cursors.Names.All().Where(named => cursors.Find(named.Key) is not null))
        {
            (_hints.TryGetValue(name, out var known) ? known : _hints[name] = []).Add(identity);
        }
        _listing = new ContainerListing(blobs, options, time);
        _windows = new ContainerWindows(blobs, options.Rows, options.MaxWindows,
            BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long))), workers);
    }

    public string Name => _cursors.Source;

    /// <summary>How often lines may have been lost because a blob shrank or was replaced.</summary>
    public long PossibleLosses { get; private set; }

    /// <summary>What became of the lines that are acknowledged.</summary>
    public LineCounts Counts => _taken.Counts;

    /// <summary>How long to wait after the last poll: twice as long after each that found an outage.</summary>
    internal TimeSpan Delay => _failed == 0 ? _options.Poll : TimeSpan.FromTicks(
        Math.Min(_options.Poll.Ticks << Math.Min(_failed, 20), Math.Max(LongestDelay.Ticks, _options.Poll.Ticks)));

    public async Task RunAsync(IBlockSink sink, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                if (!await PollAsync(sink, stop))
                {
                    await Task.Delay(Delay, _time, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stop: what was offered is still acknowledged.
        }
        await _taken.FinishAsync();
    }

    /// <summary>One poll; true where there is more to read at once.</summary>
    internal async Task<bool> PollAsync(IBlockSink sink, CancellationToken stop)
    {
        await _taken.SettleAsync();
        _faults = 0;
        _shrunk.Clear();
        try
        {
            // 1 list; where much is left of the last poll, that is read on meanwhile
            if (!_more || _listed is not { } listed || _time.GetElapsedTime(listed) >= _options.Poll)
            {
                await _listing.LookAsync(stop);
                _listed = _time.GetTimestamp();
            }
            _more = false;
            See();
            // 2 look, 3 offer
            var queue = new ConcurrentQueue<SeenBlob>(_seen.Values.Where(IsDue).OrderBy(s => s.Failures));
            while (!queue.IsEmpty && _faults < MaxFaults && !stop.IsCancellationRequested)
            {
                var waiting = new ConcurrentQueue<SeenBlob>();
                await Task.WhenAll(Enumerable.Range(0, Math.Min(MaxAtOnce, queue.Count))
                    .Select(_ => LaneAsync(queue, waiting, sink, stop)));
                queue = waiting;
            }
            // 4 judge
            Judge(sink);
        }
        catch (StoreException e)
        {
            Fault(e);
        }
        stop.ThrowIfCancellationRequested();
        _failed = _faults > 0 ? _failed + 1 : 0;
        if (_faults == 0)
        {
            _options.Answered?.Invoke();
        }
        return _more && _faults == 0;
    }

    public void Dispose() => _offering.Dispose();

    private async Task LaneAsync(ConcurrentQueue<SeenBlob> queue, ConcurrentQueue<SeenBlob> waiting, IBlockSink sink,
        CancellationToken stop)
    {
        while (Volatile.Read(ref _faults) < MaxFaults && !stop.IsCancellationRequested && queue.TryDequeue(out var seen))
        {
            try
            {
                switch (await LookAsync(seen, sink, stop))
                {
                    case Look.Wait:
                        waiting.Enqueue(seen);
                        break;
                    case Look.More:
                        _more = true;
                        goto default;
                    default:
                        (seen.Failures, seen.LastError, seen.RefusedAt) = (0, null, null);
                        break;
                }
            }
            catch (StoreException e) when (e.Fault == StoreFault.Refused)
            {
                seen.RefusedAt = _time.GetTimestamp();
                if (seen.LastError != e.Message)
                {
                    seen.LastError = e.Message;
                    _events.Unreadable(seen.Name, e);
                }
            }
            catch (StoreException e)
            {
                seen.Failures++;
                Fault(e);
            }
        }
    }

    /// <summary>Takes over what the list has.</summary>
    private void See()
    {
        foreach (var gone in _seen.Values.Where(s => !_listing.Blobs.ContainsKey(s.Name)).ToList())
        {
            if (gone.Pending > 0)
            {
                _events.TailGivenUp(gone.Name, gone.Identity is { } identity ? _cursors.Find(identity)?.Offset ?? 0 : 0, gone.Pending);
            }
            _seen.Remove(gone.Name);
        }
        foreach (var (name, blob) in _listing.Blobs)
        {
            if (!_seen.TryGetValue(name, out var seen))
            {
                _seen[name] = seen = new SeenBlob(name);
                // Read to its end by an earlier process, and too old to grow: that is believed, so that a restart does not ask for the
                // whole history.
                if (_hints.TryGetValue(name, out var hints) && hints.Find(id => _cursors.Find(id)?.Offset == blob.Length) is { } read
                    && IsOld(blob)
                    && (_format ?? LogFormats.Remembered(_cursors.Find(read)!.Format, out _)) is { } format)
                {
                    (seen.Done, seen.Identity, seen.Format) = (blob.Etag, read, format);
                }
            }
            seen.Listed = blob;
        }
    }

    private bool IsOld(AppendedBlob blob) => _listing.Clock - blob.Modified >= _options.Grows;

    private bool IsDue(SeenBlob seen) => (seen.RefusedAt is not { } refused || _time.GetElapsedTime(refused) >= _options.PollAll)
        && (seen.Done != seen.Listed.Etag || (seen.Pending > 0 && IsOld(seen.Listed)));

    private void Fault(StoreException e)
    {
        Interlocked.Increment(ref _faults);
        _options.Waiting?.Invoke(e);
    }

    /// <summary>A blob that ends before what was read of its content is a copy of another that is longer, or shrank, or was never read
    /// under this name.</summary>
    private void Judge(IBlockSink sink)
    {
        foreach (var (seen, found) in _shrunk)
        {
            if (_seen.Values.FirstOrDefault(s => s.Name != seen.Name && s.Identity == found.Identity
                && s.Listed.Length >= found.Cursor.Offset) is { } longer)
            {
                Same(seen, longer.Name);
            }
            else if (Known(seen).Contains(found.Identity) || _cursors.Names.Find(found.Identity) is null)
            {
                // Where this machine does not know under which name it was read, it may have been this one.
                Lost(seen, found.Cursor.Offset, sink);
            }
            else
            {
                _events.Shrunk(seen.Name, seen.Listed.Length, found.Cursor.Offset);
            }
        }
    }

    /// <summary>What this name held, as far as it is known.</summary>
    private List<string> Known(SeenBlob seen)
    {
        lock (_lock)
        {
            return seen.Identity is { } identity ? [identity] : _hints.GetValueOrDefault(seen.Name) ?? [];
        }
    }

    private void Same(SeenBlob seen, string other)
    {
        if (!seen.SameReported)
        {
            seen.SameReported = true;
            _events.SameContent(seen.Name, other);
        }
    }

    private void Lost(SeenBlob seen, long offset, IBlockSink sink)
    {
        lock (_lock)
        {
            PossibleLosses++;
            _hints.Remove(seen.Name);
            seen.Identity = null;
        }
        sink.Note(Name, LossNotes.Truncated);
        _events.Truncated(seen.Name, seen.Listed.Length, offset);
    }
}
