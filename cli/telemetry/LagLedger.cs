using Pipeline.Core.Captures;
using Pipeline.Core.Table;

namespace Pipeline.Cli.Telemetry;

/// <summary>How far a table is behind one shard, as this process knows it.</summary>
internal readonly record struct Lag(string Shard, string Dataset, long Captures, long Records, double Seconds);

/// <summary>
/// What is captured and not yet in a table: per shard and dataset the newest capture known, and since when the unshipped ones have been
/// known. By a monotonic clock, so that a clock that is
/// set moves nothing; telemetry alone reads it. At most <see cref="MaxEntries"/> entries a shard and dataset: neighbours are merged, and
/// then keep the older time. Safe to use from many threads.
/// </summary>
internal sealed class LagLedger(TimeProvider time)
{
    public const int MaxEntries = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Shard, string Dataset), Track> _tracks = [];
    private readonly Queue<(string Shard, string Dataset, long Number)> _unaged = new();
    private readonly long _start = time.GetTimestamp();

    private double Now => time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Records the number of records that a capture has of the dataset. Idempotent.</summary>
    /// <param name="fresh">It was made just now: else its age, where it is the first of its shard, is worth a look.</param>
    public void Saw(string shard, string dataset, long number, long records, ShippedLink? shipped, bool fresh)
    {
        lock (_lock)
        {
            if (!_tracks.TryGetValue((shard, dataset), out var track))
            {
                _tracks[(shard, dataset)] = track = new Track();
            }
            track.Forget(shipped?.Number ?? -1);
            if (track.Add(number, records, Now, shipped?.Number ?? -1) && !track.Met && !fresh && _unaged.Count < 10_000)
            {
                _unaged.Enqueue((shard, dataset, number));
            }
            track.Met = true;
        }
    }

    /// <summary>A commit took the shards' captures up to these: the seconds that each was under way.</summary>
    public IReadOnlyList<double> Ship(string dataset, IReadOnlyDictionary<string, Link> shipped)
    {
        lock (_lock)
        {
            var (now, ages) = (Now, new List<double>());
            foreach (var (shard, link) in shipped)
            {
                if (_tracks.TryGetValue((shard, dataset), out var track))
                {
                    ages.AddRange(track.Forget(link.Number).Select(at => now - at));
                }
            }
            return ages;
        }
    }

    /// <summary>The next capture of which only the store knows how old it is.</summary>
    public bool TryNextUnaged(out (string Shard, string Dataset, long Number) capture)
    {
        lock (_lock)
        {
            return _unaged.TryDequeue(out capture);
        }
    }

    /// <summary>It is that old.</summary>
    public void Age(string shard, string dataset, long number, TimeSpan age)
    {
        lock (_lock)
        {
            if (_tracks.TryGetValue((shard, dataset), out var track))
            {
                track.Age(number, Now - Math.Max(0, age.TotalSeconds));
            }
        }
    }

    /// <summary>Every shard and dataset that is known, also those that are not behind.</summary>
    /// <param name="shipped">By shard and dataset, what the table has; null: nothing.</param>
    public IReadOnlyList<Lag> Read(Func<string, string, ShippedLink?> shipped)
    {
        lock (_lock)
        {
            var now = Now;
            return [.. _tracks.Select(t =>
            {
                var upTo = shipped(t.Key.Shard, t.Key.Dataset)?.Number ?? -1;
                var waiting = t.Value.Entries.Where(e => e.To > upTo).ToList();
                return new Lag(t.Key.Shard, t.Key.Dataset, Math.Max(0, t.Value.Newest - upTo), waiting.Sum(e => e.Records),
                    waiting.Count == 0 ? 0 : now - waiting[0].At);
            })];
        }
    }

    /// <summary>Captures From to To, both inclusive, and since when the oldest is known.</summary>
    private sealed record Entry(long From, long To, long Records, double At);

    private sealed class Track
    {
        public List<Entry> Entries { get; } = [];

        public long Newest { get; private set; } = -1;

        public bool Met { get; set; }

        private long _shipped = -1;

        /// <summary>True: it was not known.</summary>
        public bool Add(long number, long records, double now, long shipped)
        {
            Newest = Math.Max(Newest, number);
            if (number <= Math.Max(shipped, _shipped))
            {
                return false;
            }
            var at = Entries.FindIndex(e => e.To >= number);
            if (at >= 0 && Entries[at].From <= number)
            {
                // Seen by its head before, or let go and read again.
                if (Entries[at] is { Records: 0 } bare && bare.From == bare.To)
                {
                    Entries[at] = bare with { Records = records };
                }
                return false;
            }
            // Older than a later one: known at least as long.
            Entries.Insert(at < 0 ? Entries.Count : at, new Entry(number, number, records, at < 0 ? now : Entries[at].At));
            if (Entries.Count > MaxEntries)
            {
                for (var i = 0; i + 1 < Entries.Count; i++)
                {
                    var (a, b) = (Entries[i], Entries[i + 1]);
                    Entries[i] = new Entry(a.From, b.To, a.Records + b.Records, a.At);
                    Entries.RemoveAt(i + 1);
                }
            }
            return true;
        }

        /// <summary>Drops what is shipped, and returns since when each was known.</summary>
        public List<double> Forget(long shipped)
        {
            var gone = Entries.Where(e => e.To <= shipped).Select(e => e.At).ToList();
            Entries.RemoveRange(0, gone.Count);
            (_shipped, Newest) = (Math.Max(_shipped, shipped), Math.Max(Newest, shipped));
            return gone;
        }

        public void Age(long number, double at)
        {
            var index = Entries.FindIndex(e => e.From <= number && number <= e.To);
            if (index >= 0)
            {
                Entries[index] = Entries[index] with { At = Math.Min(at, Entries[index].At) };
            }
        }
    }
}
