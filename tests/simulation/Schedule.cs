using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>
/// One schedule: 1 disorder (processes that live, die, freeze, wake and meet, over faulty stores, one of which may be set back) —
/// 2 the stores are healed, and all is driven to its end — 3 what the stores hold is compared with the truth — 4 objects are damaged,
/// deleted and exchanged, and a store is set back: `verify` must name it.
/// </summary>
internal sealed partial class Schedule
{
    public const string StoreId = "0123456789abcdef0123456789abcdef";

    public static readonly InstallationKey Key = new([.. Enumerable.Range(7, InstallationKey.Length).Select(i => (byte)i)]);

    private readonly Random _random;
    private readonly Dictionary<string, List<IngestProcess>> _ingest;
    private readonly List<ShipProcess> _shippers = [];
    private readonly List<Rewriter> _rewriters = [];
    private readonly HashSet<StreamPlan> _done = [];
    private readonly HashSet<string> _givenUp = [], _possiblyLost = [];
    private readonly List<string> _violations = [], _named = [];
    private readonly SortedDictionary<string, long> _forks = new(StringComparer.Ordinal);
    private static readonly int Trace = Environment.GetEnvironmentVariable("SIMULATION_TRACE") is null ? 2 : 40;

    private int _incarnations;
    private bool _held;

    public Schedule(Scenario scenario)
    {
        Scenario = scenario;
        _random = new Random(scenario.Seed ^ 0x5eed);
        Us = new SimulatedStore(new MemoryStore(Time, "us"), Time, new Random(scenario.Seed + 1), scenario.Us);
        Uk = new SimulatedStore(new MemoryStore(Time, "uk"), Time, new Random(scenario.Seed + 2), scenario.Uk);
        (_apart, _ids) = (new Random(scenario.Seed ^ 0xfeed), new Random(scenario.Seed ^ 0x1d5));
        Topic = scenario.Topic is { } faults ? new SimulatedTopic("captures", scenario.Partitions, Time, new Random(scenario.Seed + 3),
            faults) : null;
        _ingest = scenario.Shards.ToDictionary(s => s.Name, _ => new List<IngestProcess>());
    }

    public Scenario Scenario { get; }

    public SimulatedTime Time { get; } = new();

    public SimulatedStore Us { get; }

    public SimulatedStore Uk { get; }

    public Totals Totals { get; } = new();

    public bool Final { get; private set; }

    public bool UsWasRolledBack { get; private set; }

    public bool UkWasRolledBack { get; private set; }

    /// <summary>Runs a seed; a <see cref="SimulationException"/> names the seed and what was broken.</summary>
    public static Totals Run(int seed) => Run(Scenario.Of(seed));

    public static Totals Run(Scenario scenario)
    {
        var schedule = new Schedule(scenario);
        var thread = new SimulatedThread(scenario.Seed, schedule.Time);
        try
        {
            thread.Run(schedule.RunAsync, scenario.Topic is null ? 400_000 : 1_200_000);
        }
        catch (SimulationException e)
        {
            throw new SimulationException(
                $"{e.Message} " +
                $"({scenario.Rollback}{(scenario.Topic is null ? "" : ", fed")}{(schedule.Final ? ", being finished" : "")}; " +
                $"{string.Join("; ", schedule.Living())}) {string.Join(" · ", schedule._violations.Take(3))}", e);
        }
        (schedule.Totals.Steps, schedule.Totals.Fed) = (thread.Steps, scenario.Topic is null ? 0 : 1);
        schedule.CountActors();
        if (schedule._violations.Count > 0)
        {
            throw new SimulationException(
                $"seed {scenario.Seed} " +
                $"({scenario.Rollback}{(scenario.Topic is null ? "" : ", fed")}{(schedule._restores.Count == 0 ? "" : ", restored")}): " +
                $"{string.Join(" · ", schedule._violations.Take(5))}");
        }
        return schedule.Totals;
    }

    public void Violated(string what) => _violations.Add($"{Time.Elapsed}: {what}");

    /// <summary>What an exception says, and the two places where it was thrown.</summary>
    public void Died(SimulatedActor actor, Exception e) =>
        Violated($"{actor.Name} died: {e.GetType().Name}: {e.Message} " +
            $"{string.Join(" ", (e.StackTrace ?? "").Split('\n').Take(Trace).Select(line => line.Trim()))}");

    public void Named(string what)
    {
        _named.Add(what);
        Totals.Named++;
    }

    public void Forked(Fork fork)
    {
        Totals.Forks++;
        if (!UsWasRolledBack)
        {
            Violated($"a false alarm: {fork}");
        }
        _forks[fork.Shard] = Math.Min(fork.Number, _forks.GetValueOrDefault(fork.Shard, long.MaxValue));
    }

    public void PossiblyLost(ShardPlan shard) => _possiblyLost.Add(shard.Name);

    public void Done(StreamPlan plan) => _done.Add(plan);

    public bool IsDone(StreamPlan plan) => _done.Contains(plan);

    public bool HasGivenUp(ShardPlan shard) => _givenUp.Contains(shard.Name);

    public int LinesOf(FilePlan file) =>
        Final || file.GrownAfter <= TimeSpan.Zero ? file.Lines.Lines : (int)Math.Min(file.Lines.Lines,
            file.Lines.Lines * (Time.Elapsed / file.GrownAfter));

    public void Notice(string shard)
    {
        if (Scenario.Notices)
        {
            foreach (var shipper in _shippers.Where(s => !s.Actor.Killed))
            {
                shipper.Notice(shard);
            }
        }
    }

    /// <summary>A process that takes pushes: mostly the newest, sometimes an older one, which a load balancer still knows.</summary>
    public IngestProcess? OpenProcess(ShardPlan shard, Random random)
    {
        var open = _ingest[shard.Name].Where(p => p.Open && !p.Actor.Killed).ToList();
        return open.Count == 0 ? null : random.Next(4) == 0 ? open[random.Next(open.Count)] : open[^1];
    }

    /// <summary>Who still goes on, for the message where a schedule does not end.</summary>
    private IEnumerable<string> Living() =>
        _ingest.Values.SelectMany(p => p).Where(p => !p.Actor.Killed && !p.Ended.IsCompleted)
            .Select(p => $"{p.Actor.Name}{(p.Actor.Paused ? " paused" : p.Open ? " open" : "")}")
        .Concat(Scenario.Shards.SelectMany(s => s.Streams).Where(s => !IsDone(s)).Select(s => $"{s.Stream} not done"))
        .Concat(_shippers.Where(s => !s.Actor.Killed).Select(s => s.Actor.Name));

    private async Task RunAsync()
    {
        var clients = Scenario.Shards.SelectMany(shard => shard.Streams.Select(plan => PushAsync(shard, plan, Fork()))).ToList();
        // 1
        var actors = Scenario.Shards.Select(shard => HostAsync(shard, Fork())).ToList();
        actors.AddRange(Enumerable.Range(0, Scenario.Shippers).Select(_ => ShipAsync(Fork())));
        actors.Add(RewriteAsync(Fork()));
        actors.Add(RollBackAsync(Fork()));
        actors.Add(CopyAsync());
        actors.AddRange(Disturb());
        await Task.WhenAll(actors);
        // 2
        (Us.Faults, Uk.Faults) = (Healed(Us.Faults), Healed(Uk.Faults));
        Final = true;
        WakeAll();
        await Task.WhenAll(Scenario.Shards.Select(FinishAsync));
        await Task.WhenAll(clients);
        await ShipToTheEndAsync();
        foreach (var actor in Actors())
        {
            actor.Kill();
        }
        // What dead processes had under way happens now or never.
        await DrainAsync();
        var forks = await ShipToTheEndAsync();
        await RepairToTheEndAsync();
        // 3
        await new Conservation(this, forks, _givenUp, _possiblyLost, _named).CheckAsync();
        // 4
        await HarmAsync(new Random(Scenario.Seed ^ 0x4a12));
    }

    private IEnumerable<SimulatedActor> Actors() =>
        _ingest.Values.SelectMany(p => p).Select(p => p.Actor).Concat(_shippers.Select(s => s.Actor))
            .Concat(_rewriters.Select(r => r.Actor)).Concat(_others);

    /// <summary>Nothing is started while a store is being set back.</summary>
    private async Task HeldAsync()
    {
        while (_held)
        {
            await Task.Delay(TimeSpan.FromSeconds(3), Time);
        }
    }

    private async Task DrainAsync()
    {
        // Twice: a call that was let go may still meet its latency, then be delayed, then meet it again.
        await Task.Delay(2 * (Us.Faults.Latency + Uk.Faults.Latency + Scenario.Us.Delay + Scenario.Uk.Delay)
            + TimeSpan.FromSeconds(20), Time);
    }

    private void WakeAll()
    {
        foreach (var actor in Actors().Where(a => a.Paused))
        {
            _ = WakeAsync(actor, TimeSpan.FromSeconds(20) * _random.NextDouble());
        }
    }

    /// <summary>Fresh processes until one reads the shard's sources to their end. Zombies that wake may fence it once or twice.</summary>
    private async Task FinishAsync(ShardPlan shard)
    {
        for (var attempt = 0; ; attempt++)
        {
            switch (await EndedAsync(shard, Start(shard)))
            {
                case "done":
                    return;
                case "fork":
                    _refused.Add(shard.Name);
                    _givenUp.Add(shard.Name);
                    return;
                case "died":
                    _givenUp.Add(shard.Name);
                    return;
                case var how when attempt > 20:
                    if (!UsWasRolledBack)
                    {
                        Violated($"{shard.Name} cannot be read to its end: {how}");
                    }
                    _givenUp.Add(shard.Name);
                    return;
            }
            await Task.Delay(TimeSpan.FromSeconds(1), Time);
        }
    }

    private async Task<IReadOnlyDictionary<string, Fork>> ShipToTheEndAsync()
    {
        var shipper = new ShipProcess(this, ++_incarnations, null);
        await shipper.ShipAllAsync();
        return shipper.Forks;
    }

    private Random Fork() => new(_random.Next());

    private static SimulatedFaults Healed(SimulatedFaults faults) => faults with { OutageBefore = 0, OutageAfter = 0, Delayed = 0 };
}
