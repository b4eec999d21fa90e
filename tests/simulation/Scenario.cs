using Pipeline.Ingest.Shard;
using Pipeline.Shipper.Seal;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>Which store is set back to an earlier copy, and what runs meanwhile.</summary>
internal enum Rollback
{
    None,
    /// <summary>The capture store, with every process of ingest stopped.</summary>
    UsDown,
    /// <summary>The capture store, under running processes.</summary>
    UsLive,
    /// <summary>The table store, with everything that writes to it stopped, as rule 21 demands.</summary>
    UkDown,
    /// <summary>The table store, under running shippers: nothing may be lost in silence.</summary>
    UkLive,
}

/// <summary>A file of a source: it is there from the start, and its lines appear over time.</summary>
internal sealed record FilePlan(string Source, string Identity, TrueLines Lines, TimeSpan GrownAfter);

/// <summary>A client that pushes under a key: each push is retried under its sequence until it is acknowledged.</summary>
/// <param name="Rewinds">Told that an earlier sequence is expected, it sends again from there; else it gives up, and what it was
/// acknowledged is named as a possible loss (rule 32).</param>
internal sealed record StreamPlan(string Source, string Stream, IReadOnlyList<TrueLines> Pushes, TimeSpan Pause, bool Rewinds);

internal sealed record ShardPlan(string Name, IReadOnlyList<FilePlan> Files, IReadOnlyList<StreamPlan> Streams)
{
    public IEnumerable<string> Sources => Files.Select(f => f.Source).Concat(Streams.Select(s => s.Source)).Distinct();

    public IEnumerable<TrueLines> All => Files.Select(f => f.Lines).Concat(Streams.SelectMany(s => s.Pushes));
}

/// <summary>All that a schedule is made of, derived from its seed alone.</summary>
internal sealed record Scenario
{
    public required int Seed { get; init; }
    public required IReadOnlyList<ShardPlan> Shards { get; init; }
    /// <summary>How long the disorder lasts, before the stores are healed and all is driven to its end.</summary>
    public required TimeSpan Duration { get; init; }
    public required SimulatedFaults Us { get; init; }
    public required SimulatedFaults Uk { get; init; }
    public required ShardLimits Limits { get; init; }
    public required FlushPolicy Flush { get; init; }
    /// <summary>In two schedules of three files leave the state soon.</summary>
    public ColdPolicy Cold => Seed % 3 == 0 ? new ColdPolicy()
        : new ColdPolicy { Every = 1 + Seed % 4, Begin = 0, High = 250, Low = 0, Least = 1, Idle = Seed % 5 };
    /// <summary>A block has from 1 to this many lines.</summary>
    public required int BlockLines { get; init; }
    /// <summary>How long a process of ingest lives, at the mean.</summary>
    public required TimeSpan Life { get; init; }
    /// <summary>Chances of what ends a life: frozen and woken later, or a second process while it lives; else killed or stopped.</summary>
    public required double Zombies { get; init; }
    public required double Seconds { get; init; }
    public required TimeSpan Sleep { get; init; }
    public required int Shippers { get; init; }
    public required TimeSpan ShipperLife { get; init; }
    public required TimeSpan Period { get; init; }
    public required SealPolicy Seal { get; init; }
    /// <summary>Whether ingest gives a notice of each capture, as in the embedded way.</summary>
    public required bool Notices { get; init; }
    /// <summary>How often segments are rewritten; none where zero.</summary>
    public required TimeSpan Rewrites { get; init; }
    /// <summary>The share of rewrites that another engine makes, which leaves our words out of its commits.</summary>
    public required double Foreign { get; init; }
    public required Rollback Rollback { get; init; }

    /// <summary>Null: the embedded way. Else captures are published, and shippers are members of one group.</summary>
    public SimulatedTopicFaults? Topic { get; init; }
    public int Partitions { get; init; }
    /// <summary>Bytes of messages that a shipper's queue takes.</summary>
    public long QueueBytes { get; init; }
    /// <summary>How often something happens to the topic or its group.</summary>
    public TimeSpan Disturbances { get; init; }
    /// <summary>How often a repair begins; none where zero.</summary>
    public TimeSpan Repairs { get; init; }
    /// <summary>Whether another engine appends an entry that takes tables back to an earlier version.</summary>
    public bool Restore { get; init; }

    public static Scenario Of(int seed) => Distribute(Embedded(seed), new Random(seed ^ 0xd157));

    /// <summary>Half of all schedules are of the distributed way; the others are what they were before there was one.</summary>
    private static Scenario Distribute(Scenario embedded, Random random) => random.Next(2) == 0 ? embedded : embedded with
    {
        Topic = new SimulatedTopicFaults
        {
            Lost = random.Next(3) switch { 0 => 0, 1 => 0.05, _ => 0.4 }, Doubled = random.Next(2) * 0.2,
                OffsetsReset = random.Next(2) * 0.2,
            Latency = TimeSpan.FromMilliseconds(random.Next(3) switch { 0 => 1, 1 => 200, _ => 5_000 }),
        },
        Partitions = random.Next(1, 5), QueueBytes = random.Next(2) == 0 ? 1 << 20
            : random.Next(3_000, 40_000), Disturbances = TimeSpan.FromSeconds(random.Next(5, 120)),
        Shippers = random.Next(1, 4), Notices = random.Next(4) == 0,
        Repairs = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(random.Next(10, 120)),
        // A copy that is put back over an appended restore would be two disasters at once: nobody's log tells of both.
        Restore = embedded.Rollback is Rollback.None or Rollback.UsDown or Rollback.UsLive && random.Next(3) == 0,
    };

    private static Scenario Embedded(int seed)
    {
        var random = new Random(seed);
        var rollback = random.Next(100) switch { < 64 => Rollback.None, < 73 => Rollback.UsDown, < 82 => Rollback.UsLive, < 91 =>
            Rollback.UkDown, _ => Rollback.UkLive };
        var shards = new List<ShardPlan>();
        var sources = 0;
        var duration = TimeSpan.FromSeconds(random.Next(60, 900));
        for (var shard = random.Next(1, 4); shard > 0; shard--)
        {
            var files = Enumerable.Range(0, random.Next(1, 3)).Select(f =>
                new FilePlan($"site{sources}", $"f{f}", new TrueLines(sources++, 0, random.Next(20, 200), random, random.Next(3) * 25),
                    duration * random.NextDouble())).ToList();
            var streams = Enumerable.Range(0, random.Next(3)).Select(s => Stream(random, sources++, duration)).ToList();
            shards.Add(new ShardPlan($"shard{shard}", files, streams));
        }
        var days = random.Next(12) == 0;
        return new Scenario
        {
            Seed = seed, Shards = shards, Duration = duration, Rollback = rollback, Us = Faults(random), Uk = Faults(random),
            Limits = new ShardLimits(random.Next(3) == 0 ? 900_000 : random.Next(5_000, 20_000), random.Next(4) == 0 ? 256
                : random.Next(1, 24)),
            Flush = random.Next(3) == 0 ? new FlushPolicy(random.Next(1_440, 40_000), random.Next(1, 10)) : FlushPolicy.Unlimited,
            BlockLines = random.Next(1, 30),
            Life = TimeSpan.FromSeconds(random.Next(10, 400)), Zombies = random.Next(3) * 0.25, Seconds = random.Next(3) * 0.25,
            Sleep = days ? TimeSpan.FromHours(60) : random.Next(3) == 0 ? TimeSpan.FromHours(6) : TimeSpan.FromMinutes(10),
            Shippers = random.Next(1, 3), ShipperLife = TimeSpan.FromSeconds(random.Next(10, 600)),
            Period = TimeSpan.FromSeconds(days ? 900 : random.Next(2, 90)),
            Seal = new SealPolicy(random.Next(500, 40_000), TimeSpan.FromSeconds(random.Next(1, 120)), random.Next(1_000, 60_000)),
            Notices = random.Next(2) == 0,
            Rewrites = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(random.Next(5, 120)),
            // What another engine writes names no entry below, so a restore under it is out of our sight (rule 21 asks that all writers
            // stand still).
            Foreign = rollback == Rollback.UkLive ? 0 : random.Next(3) * 0.3,
        };
    }

    private static StreamPlan Stream(Random random, int source, TimeSpan duration)
    {
        var pushes = new List<TrueLines>();
        for (var (count, first) = (random.Next(1, 30), 0); count > 0; count--)
        {
            pushes.Add(new TrueLines(source, first, random.Next(1, 8), random, 0));
            first += pushes[^1].Lines;
        }
        return new StreamPlan($"push{source}", $"client{source}", pushes, duration * random.NextDouble() / pushes.Count,
            random.Next(2) == 0);
    }

    private static SimulatedFaults Faults(Random random)
    {
        var level = random.Next(3) switch { 0 => 0.0, 1 => 0.02, _ => 0.08 };
        return new SimulatedFaults
        {
            Latency = TimeSpan.FromMilliseconds(random.Next(3) switch { 0 => 0, 1 => 60, _ => 3_000 }),
            OutageBefore = level, OutageAfter = level, Delayed = level / 2,
            Delay = TimeSpan.FromSeconds(random.Next(2) == 0 ? 5 : 600), PageSize = random.Next(1, 100),
        };
    }
}
