using System.Collections.Immutable;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Tests.Fakes;

/// <summary>
/// Makes a table's log as years of running leave it, without its segments: every day has a commit of one file each few minutes and, at its
/// end,
/// a compaction of the day's files into one. So the live files grow with the days, and the log with the commits.
/// </summary>
public sealed class AgedLog
{
    private readonly TableLog _log;
    private readonly int _perDay;
    private readonly UtcDay _first;
    private readonly Dictionary<string, SegmentFile> _live = [];
    private readonly ImmutableDictionary<string, ShippedLink> _shipped = ImmutableDictionary<string, ShippedLink>.Empty;
    private readonly List<SegmentFile> _today = [];
    private readonly EntryOrigin _origin;
    private readonly TableMetadata _metadata;
    private Sha256 _below;

    /// <param name="on">The state of the log as it is; null: the log is empty, and entry 0 is made too.</param>
    /// <param name="perDay">Commits a day, the compaction among them: 274 make a million in ten years.</param>
    public AgedLog(TableLog log, TableState? on = null, string first = "2016-01-01", int perDay = 274)
    {
        (_log, _perDay, _first, _origin) = (log, perDay, UtcDay.Parse(first), log.NewOrigin());
        _metadata = on?.Metadata ?? TableSchema.Metadata(Guid.NewGuid().ToString("D"), log.Contract, log.CaptureStore, log.KeyId, 0);
        if (on is not null)
        {
            (Version, _below, _live) = (on.Version, on.EntryHash, on.Files.ToDictionary());
            _shipped = on.Shipped.ToImmutableDictionary();
        }
    }

    /// <summary>The newest entry that was written.</summary>
    public long Version { get; private set; } = -1;

    /// <summary>Entries up to <paramref name="version"/>, each given to <paramref name="put"/> by name, then the newest
    /// checkpoint.</summary>
    public async Task GrowAsync(long version, IObjectStore store, Action<string, byte[]> put)
    {
        while (Version < version)
        {
            var bytes = Version < 0 ? EntryWriter.Create(_metadata, _origin) : Next();
            put(TableNames.Entry(_log.Contract.Dataset, ++Version), bytes);
            _below = Sha256.Of(bytes);
            if (Version % Checkpoint.Interval == 0 && Version > 0 && version - Version < Checkpoint.Interval)
            {
                await Checkpoint.WriteAsync(store, _log.Contract.Dataset, State(), default);
            }
        }
    }

    private byte[] Next()
    {
        var day = new UtcDay(_first.Number + (int)(Version / _perDay));
        var start = day.Number * UtcDay.MicrosPerDay;
        var compacts = (Version + 1) % _perDay == 0;
        var file = new SegmentFile(SegmentFile.NewPath(day, Guid.NewGuid()), day, 20_000,
            compacts ? _today.Sum(f => f.Rows) : 1000, start, start + 1);
        _live[file.Path] = file;
        if (!compacts)
        {
            _today.Add(file);
            return EntryWriter.Commit(new CommitDraft { Kind = CommitKind.Ship, Reason = "age", Add = [file],
                Dates = [new(day, new(1000, 7))] }, _origin, _below);
        }
        if (_today.Count == 0)
        {
            // A log that was taken over on a day's last commit.
            _today.Add(file);
            return EntryWriter.Commit(new CommitDraft { Kind = CommitKind.Ship, Reason = "age", Add = [file] }, _origin, _below);
        }
        _today.ForEach(small => _live.Remove(small.Path));
        var bytes = EntryWriter.Commit(new CommitDraft { Kind = CommitKind.Compact, Reason = "small", Add = [file], Remove = [.. _today] },
            _origin, _below);
        _today.Clear();
        return bytes;
    }

    private TableState State() => new(
        Version, _below, _metadata, TableSchema.Protocol, _shipped,
        _live.ToImmutableDictionary(), ImmutableDictionary<string, RemovedFile>.Empty, ImmutableDictionary<string, long>.Empty);
}
