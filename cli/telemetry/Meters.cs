using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Ingest.Publish;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;

namespace Pipeline.Cli.Telemetry;

/// <summary>
/// What happens in this process, counted: once a capture, a commit or a request, never once a line. Label values are names of the
/// configuration and closed lists of the code.
/// Series that are known beforehand begin at 0, so that a first event is seen as an increase. Safe to use from many threads.
/// </summary>
internal sealed class Meters : IDisposable
{
    private static readonly double[] FreshnessBounds = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400];

    private readonly Meter _meter = new(Metrics.Meter);
    private readonly TimeProvider _time;
    private readonly LagLedger _lag;
    private readonly ConcurrentBag<MeteredStore> _stores = [];
    private readonly ConcurrentDictionary<string, bool> _shards = new(StringComparer.Ordinal), _sources = new(StringComparer.Ordinal);
    private readonly Counter<long> _captures, _captureBytes, _lines, _records, _rejections, _duplicates, _notes, _pushes;
    private readonly Counter<long> _fenced, _stoppedShards, _setAside, _loginsRefused, _connectionsCut;
    private readonly Counter<long> _taken, _commits, _shipped, _segments, _segmentBytes, _conflicts, _gaps, _repairs, _forks, _damaged,
        _knownContents;
    private readonly Counter<long> _storeRequests;
    private readonly Histogram<double> _freshness;
    private volatile ShipLoop? _ship;
    private volatile CapturePublisher? _publisher;
    private int _partitions, _brokerUp;

    public Meters(TimeProvider time)
    {
        (_time, _lag) = (time, new LagLedger(time));
        string[] datasets = [.. PublishedContracts.All.Select(c => c.Dataset)];
        string[] seals = [SealReason.Size, SealReason.Budget, SealReason.Age, SealReason.Start, SealReason.Final, SealReason.Stop];
        _captures = Counter(Metrics.Captures);
        _captureBytes = Counter(Metrics.CaptureBytes, []);
        _lines = Counter(Metrics.Lines);
        _records = Counter(Metrics.Records, [datasets]);
        _rejections = Counter(Metrics.Rejections);
        _duplicates = Counter(Metrics.Duplicates);
        _notes = Counter(Metrics.Notes);
        _pushes = Counter(Metrics.Pushes, [["200", "503"]]);
        _loginsRefused = Counter(Metrics.LoginsRefused, [[.. PushEndpoint.LoginRefusals]]);
        _connectionsCut = Counter(Metrics.ConnectionsCut, [[.. PushEndpoint.CutReasons]]);
        _fenced = Counter(Metrics.Fenced, []);
        _stoppedShards = Counter(Metrics.StoppedShards, [[.. StoppedShard.Reasons]]);
        _setAside = Counter(Metrics.SetAside, [[.. SetAsideReason.All]]);
        _taken = Counter(Metrics.Taken, [datasets, ["topic", "store"]]);
        _commits = Counter(Metrics.Commits, [datasets, seals]);
        _shipped = Counter(Metrics.Shipped, [datasets]);
        _segments = Counter(Metrics.Segments, [datasets]);
        _segmentBytes = Counter(Metrics.SegmentBytes, [datasets]);
        _conflicts = Counter(Metrics.Conflicts, [datasets]);
        _gaps = Counter(Metrics.Gaps, [datasets]);
        _repairs = Counter(Metrics.Repairs, [datasets]);
        _forks = Counter(Metrics.Forks, []);
        _damaged = Counter(Metrics.Damaged, []);
        _knownContents = Counter(Metrics.KnownContents, []);
        _storeRequests = Counter(Metrics.StoreRequests, [["us", "uk"], ["put"], ["created", "same", "other", "outage", "full", "refused"]]);
        _freshness = _meter.CreateHistogram(Metrics.Freshness.Name, Metrics.Freshness.Unit, Metrics.Freshness.Meaning, null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = FreshnessBounds });
        Observe();
    }

    /// <summary>The shipper and the publisher in this process; each null where there is none.</summary>
    public void Watch(ShipLoop? ship, CapturePublisher? publisher) => (_ship, _publisher) = (ship, publisher);

    /// <summary>The store, counted. <paramref name="side"/> is `us` or `uk`.</summary>
    public IObjectStore Count(string side, IObjectStore store)
    {
        var metered = new MeteredStore(side, store, _time, (operation, outcome) =>
            _storeRequests.Add(1, new("store", side), new("operation", operation), new("outcome", outcome)));
        _stores.Add(metered);
        return metered;
    }

    public void Captured(string shard, Capture capture)
    {
        _captures.Add(1, new KeyValuePair<string, object?>("shard", Bounded(_shards, shard)));
        _captureBytes.Add(capture.Bytes.Length);
        foreach (var reads in capture.Header.Reads.GroupBy(r => r.Source))
        {
            var source = Bounded(_sources, reads.Key);
            _lines.Add(reads.Sum(r => r.Lines), new KeyValuePair<string, object?>("source", source));
            _duplicates.Add(reads.Sum(r => r.Duplicates), new KeyValuePair<string, object?>("source", source));
            AddEach(_rejections, source, "reason", reads.Select(r => r.Rejected));
            AddEach(_notes, source, "note", reads.Select(r => r.Notes));
            foreach (var note in LossNotes.All.Concat(DoubleNotes.All))
            {
                // From 0 on, so that the first possible loss or double is an increase.
                _notes.Add(0, new("source", source), new("note", note));
            }
        }
        foreach (var frame in capture.Header.Frames)
        {
            _records.Add(frame.Rows, new KeyValuePair<string, object?>("dataset", frame.Dataset));
            if (_ship is { } ship)
            {
                _lag.Saw(shard, frame.Dataset, capture.Link.Number, frame.Rows, null, fresh: true);
            }
        }
    }

    public void Taken(string dataset, TakenFrame frame, TableState table)
    {
        _taken.Add(1, new("dataset", dataset), new("from", frame.ByFeed ? "topic" : "store"));
        _lag.Saw(frame.Shard, dataset, frame.Link.Number, frame.Rows, table.Shipped.TryGetValue(frame.Shard, out var shipped) ? shipped
            : null, fresh: frame.ByFeed);
    }

    public void Looked(IReadOnlyList<ObservedHead> heads)
    {
        foreach (var head in heads)
        {
            foreach (var (dataset, number) in head.Newest)
            {
                _lag.Saw(head.Shard, dataset, number, 0, ShippedOf(head.Shard, dataset), fresh: false);
            }
        }
    }

    public void Sealed(SealFacts facts)
    {
        var dataset = new KeyValuePair<string, object?>("dataset", facts.Dataset);
        _commits.Add(1, dataset, new("reason", facts.Reason));
        _shipped.Add(facts.Rows, dataset);
        _segments.Add(facts.Segments, dataset);
        _segmentBytes.Add(facts.Bytes, dataset);
        foreach (var seconds in _lag.Ship(facts.Dataset, facts.Shipped))
        {
            _freshness.Record(seconds, dataset);
        }
    }

    public void Conflict(string dataset) => _conflicts.Add(1, new KeyValuePair<string, object?>("dataset", dataset));

    public void Gap(string dataset, CaptureRange range)
    {
        _gaps.Add(1, new KeyValuePair<string, object?>("dataset", dataset));
        _repairs.Add(range.Count, new KeyValuePair<string, object?>("dataset", dataset));
    }

    public void Forked() => _forks.Add(1);

    public void Stopped(StoppedShard shard)
    {
        _stoppedShards.Add(1, new KeyValuePair<string, object?>("reason", shard.Reason));
        if (shard.Reason == StoppedShard.Fenced)
        {
            _fenced.Add(1);
        }
    }

    public void Damaged() => _damaged.Add(1);

    public void KnownContent() => _knownContents.Add(1);

    public void SetAside(string reason) => _setAside.Add(1, new KeyValuePair<string, object?>("reason", reason));


    public void Assigned(int partitions) => Interlocked.Add(ref _partitions, partitions);

    public void Connected(bool up) => Interlocked.Exchange(ref _brokerUp, up ? 1 : 0);

    public void Pushed(int status) => _pushes.Add(1, new KeyValuePair<string,
        object?>("status", status.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    public void LoginRefused(string error) => _loginsRefused.Add(1, new KeyValuePair<string, object?>("error", error));

    public void ConnectionCut(string reason) => _connectionsCut.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Asks the store for the age of captures that were there before this process: one look per shard and dataset that is behind
    /// at its start, some at a time.</summary>
    public async Task LookUpAgesAsync(CaptureStore captures, CancellationToken cancel)
    {
        for (var some = 0; some < 32 && _lag.TryNextUnaged(out var capture); some++)
        {
            if (await captures.Store.FindAsync(CaptureNames.Capture(capture.Shard, capture.Number), cancel) is { } info)
            {
                _lag.Age(capture.Shard, capture.Dataset, capture.Number, _time.GetUtcNow() - info.Created);
            }
        }
    }

    public void Dispose() => _meter.Dispose();

    private static void AddEach(Counter<long> counter, string source, string label, IEnumerable<SortedDictionary<string, long>?> counts)
    {
        foreach (var of in counts.Where(c => c is not null).SelectMany(c => c!).GroupBy(c => c.Key))
        {
            counter.Add(of.Sum(c => c.Value), new("source", source), new(label, of.Key));
        }
    }

    /// <summary>The name, or `_other`, which is no name, where as many have series as may.</summary>
    private static string Bounded(ConcurrentDictionary<string, bool> names, string name) =>
        names.ContainsKey(name) || names.Count < Metrics.MaxNames && (names.TryAdd(name, true) || names.ContainsKey(name)) ? name
            : "_other";

    private Core.Table.ShippedLink? ShippedOf(string shard, string dataset) =>
        _ship?.Tables.FirstOrDefault(t => t.Dataset == dataset)?.Known is { } table && table.Shipped.TryGetValue(shard, out var link) ? link
            : null;

    private void Observe()
    {
        Gauge(Metrics.LagCaptures, () => Lags(l => l.Captures, Enumerable.Sum));
        Gauge(Metrics.LagRecords, () => Lags(l => l.Records, Enumerable.Sum));
        _meter.CreateObservableGauge(Metrics.LagSeconds.Name, () => Lags(l => l.Seconds, Enumerable.Max), Metrics.LagSeconds.Unit,
            Metrics.LagSeconds.Meaning);
        Gauge(Metrics.BacklogBytes, () =>
            _ship?.Tables.Select(t => new Measurement<long>(t.Backlog.Bytes, new KeyValuePair<string, object?>("dataset", t.Dataset)))
            ?? []);
        Gauge(Metrics.BacklogCaptures, () => _ship?.Tables.Select(t =>
            new Measurement<long>(t.Backlog.Count, new KeyValuePair<string, object?>("dataset", t.Dataset))) ?? []);
        Gauge(Metrics.BrokerUp, () => [new(Volatile.Read(ref _brokerUp))]);
        Gauge(Metrics.Partitions, () => [new(Volatile.Read(ref _partitions))]);
        Gauge(Metrics.PublishQueue, () => [new(_publisher?.Counts.QueuedBytes ?? 0)]);
        _meter.CreateObservableCounter(Metrics.Published.Name, () => _publisher?.Counts.Published
            ?? 0, Metrics.Published.Unit, Metrics.Published.Meaning);
        _meter.CreateObservableCounter(Metrics.PublishedBytes.Name, () => _publisher?.Counts.PublishedBytes
            ?? 0, Metrics.PublishedBytes.Unit, Metrics.PublishedBytes.Meaning);
        _meter.CreateObservableCounter(Metrics.Producers.Name, () => _publisher?.Counts.Restarts
            ?? 0, Metrics.Producers.Unit, Metrics.Producers.Meaning);
        _meter.CreateObservableCounter(Metrics.Skipped.Name, () =>
        {
            var skipped = _publisher?.Counts.Skipped;
            return Enum.GetValues<SkipReason>()
                .Select(reason => new Measurement<long>(skipped?.GetValueOrDefault(reason)
                ?? 0, new KeyValuePair<string, object?>("reason", PublisherLog.Code(reason))));
        }, Metrics.Skipped.Unit, Metrics.Skipped.Meaning);
        _meter.CreateObservableGauge(Metrics.StoreOutage.Name, () => _stores.Select(s =>
            new Measurement<double>(s.Outage.TotalSeconds, new KeyValuePair<string, object?>("store", s.Side))), Metrics.StoreOutage.Unit,
            Metrics.StoreOutage.Meaning);
    }

    /// <summary>One series a shard and dataset; what is above the bound in one of `_other`.</summary>
    private IEnumerable<Measurement<T>> Lags<T>(Func<Lag, T> value, Func<IEnumerable<T>, T> together) where T : struct =>
        _lag.Read(ShippedOf).GroupBy(l => (Shard: Bounded(_shards, l.Shard), l.Dataset))
            .Select(g => new Measurement<T>(together(g.Select(value)), new("shard", g.Key.Shard), new("dataset", g.Key.Dataset)));

    private void Gauge(Metric metric, Func<IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableGauge(metric.Name, read, metric.Unit, metric.Meaning);

    /// <param name="known">For each label, its values where they are known: each combination begins at 0.</param>
    private Counter<long> Counter(Metric metric, string[][]? known = null)
    {
        var counter = _meter.CreateCounter<long>(metric.Name, metric.Unit, metric.Meaning);
        if (known is not null)
        {
            IEnumerable<KeyValuePair<string, object?>[]> sets = [[]];
            foreach (var (label, values) in metric.Labels.Zip(known))
            {
                sets = sets.SelectMany(_ => values, (set, v) => (KeyValuePair<string, object?>[])[.. set, new(label, v)]).ToList();
            }
            foreach (var set in sets)
            {
                counter.Add(0, set);
            }
        }
        return counter;
    }
}
