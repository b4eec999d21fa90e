using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Repair;
using Pipeline.Shipper.Seal;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>What goes on in a schedule of the distributed way besides: a topic that is disturbed, repairs that race the live stream, and a
/// table that is restored by an appended entry.</summary>
internal sealed partial class Schedule
{
    private const int MaxPartitions = 12;

    // Of its own, so that a schedule of the embedded way draws what it always drew.
    private readonly Random _apart;
    private readonly List<SimulatedActor> _others = [];
    private readonly List<(string Dataset, long Entry, long To)> _restores = [];
    private readonly HashSet<string> _unrepaired = [];

    /// <summary>Null in the embedded way.</summary>
    public SimulatedTopic? Topic { get; }

    /// <summary>Shards whose captures a repair found gone or changed, and named.</summary>
    public IReadOnlySet<string> Unrepaired => _unrepaired;

    /// <summary>Whether an appended RESTORE took an entry's commit back.</summary>
    public bool IsUndone(string dataset, long entry) => _restores.Any(r => r.Dataset == dataset && entry > r.To && entry < r.Entry);

    /// <summary>A capture that is `Created`: best effort, mostly at once, and now and then so late that captures of a later process
    /// overtake it.</summary>
    public void Publish(string shard, Capture capture)
    {
        if (Topic is null)
        {
            return;
        }
        Totals.Published++;
        if (_apart.Next(10) == 0)
        {
            _ = PublishLateAsync(shard, capture.Bytes, TimeSpan.FromSeconds(60) * _apart.NextDouble());
        }
        else
        {
            Topic.Publish(shard, capture.Bytes);
        }
    }

    public void SetAside(string reason)
    {
        Totals.SetAsides++;
        if (reason == SetAsideReason.Contradiction && Scenario.Rollback == Rollback.None)
        {
            Violated("a false alarm: a message contradicts the table, and no store was set back");
        }
    }

    public void Damaged(Exception why) => Violated($"a false alarm: an object is said to be damaged: {why.Message}");

    /// <summary>The group is rid of a member that does not answer after a session's timeout; one that wakes comes back.</summary>
    public async Task ExpelAsync(ShipProcess shipper)
    {
        if (shipper.Feed is { } member)
        {
            await Task.Delay(TimeSpan.FromSeconds(45) * _apart.NextDouble(), Time);
            if (shipper.Actor.Killed || shipper.Actor.Paused)
            {
                Topic!.Leave(member);
                await shipper.Actor.PassAsync();
                if (!shipper.Ended)
                {
                    Topic.Rejoin(member);
                }
            }
        }
    }

    private async Task PublishLateAsync(string shard, ReadOnlyMemory<byte> bytes, TimeSpan late)
    {
        await Task.Delay(late, Time);
        Topic!.Publish(shard, bytes);
    }

    private IEnumerable<Task> Disturb()
    {
        if (Topic is not null)
        {
            yield return DisturbTopicAsync(Topic, new Random(_apart.Next()));
            yield return RepairAsync(new Random(_apart.Next()));
            yield return RestoreAsync(new Random(_apart.Next()));
        }
    }

    /// <summary>What somebody with the right to write to the topic, and without the key, can put there.</summary>
    private static void Forge(SimulatedTopic topic, Random random)
    {
        if (topic.Draw(random) is not var (shard, value) || value.Length < 100)
        {
            topic.Put($"shard{random.Next(1, 4)}", "no capture"u8.ToArray());
            return;
        }
        var bytes = value.ToArray();
        switch (random.Next(5))
        {
            case 0: topic.Put(shard, bytes); break;
            case 1: topic.Put($"shard{random.Next(1, 4)}", bytes); break;
            case 2: bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8)); topic.Put(shard, bytes); break;
            case 3: topic.Put(shard, bytes[..random.Next(bytes.Length)]); break;
            default:
                // Forged on forged bytes is no capture, and then there is nothing to build on.
                try
                {
                    var header = CaptureFile.DecodeHeader(bytes, "");
                    var frames = header.Frames.Select(frame => CaptureFile.Block(bytes, frame.Offset, frame.Length, "").ToArray()).ToList();
                    var next = header with { Number = header.Number + 1, Previous = Sha256.Of(bytes), Rejections = null };
                    topic.Put(shard, CaptureFile.Encode(next, null, frames, new InstallationKey(new byte[32]).Captures()).Bytes);
                }
                catch (Exception e) when (e is InvalidDataException or PipelineException)
                {
                    topic.Put(shard, bytes);
                }
                break;
        }
    }

    private async Task DisturbTopicAsync(SimulatedTopic topic, Random random)
    {
        while (true)
        {
            await Task.Delay(Scenario.Disturbances * 2 * random.NextDouble(), Time);
            if (Time.Elapsed >= Scenario.Duration)
            {
                return;
            }
            switch (random.Next(10))
            {
                case 0:
                    Totals.Recreations++;
                    topic.Recreate(random.Next(1, 5));
                    break;
                case 1 when topic.Partitions < MaxPartitions:
                    Totals.Growths++;
                    topic.Grow(random.Next(1, 4));
                    break;
                case 2:
                    Totals.Truncations++;
                    topic.Truncate();
                    break;
                case 3:
                    Totals.Forged++;
                    Forge(topic, random);
                    break;
                case 4 or 5:
                    Totals.Resets++;
                    var faults = topic.Faults;
                    topic.Faults = faults with { OffsetsReset = 1 };
                    topic.Rebalance();
                    topic.Faults = faults;
                    break;
                default:
                    Totals.Rebalances++;
                    topic.Rebalance();
                    break;
            }
        }
    }

    /// <summary>Repairs of any range of any shard, while it is shipped: killed, frozen and woken like all others.</summary>
    private async Task RepairAsync(Random random)
    {
        while (Scenario.Repairs > TimeSpan.Zero && Time.Elapsed < Scenario.Duration)
        {
            await Task.Delay(Scenario.Repairs * 2 * random.NextDouble(), Time);
            await HeldAsync();
            var actor = new SimulatedActor($"repair#{++_incarnations}");
            _others.Add(actor);
            var from = random.Next(3) == 0 ? random.Next(20) : 0;
            var to = random.Next(2) == 0 ? from + random.Next(40) : 1_000_000;
            await Task.WhenAny(
                RepairAsync(actor, Scenario.Shards[random.Next(Scenario.Shards.Count)].Name, new CaptureRange(from, to)),
                    Task.Delay(TimeSpan.FromSeconds(random.Next(1, 60)), Time));
            switch (random.Next(4))
            {
                case 0:
                    actor.Pause();
                    _ = WakeAsync(actor, Scenario.Sleep * random.NextDouble());
                    break;
                case 1:
                    actor.Kill();
                    break;
            }
        }
    }

    private async Task RepairAsync(SimulatedActor actor, string shard, CaptureRange range)
    {
        await Task.Yield();
        try
        {
            Totals.Repairs++;
            var uk = Uk.For(actor);
            var logs = PublishedContracts.All.Select(contract => LogOf(uk, contract)).ToList();
            var slots = new SemaphoreSlim(64);
            var repairer = new Repairer(new CaptureStore(Us.For(actor), StoreId, Key.Captures()), logs,
                log => new Sealer(log, Key.RowKey(), Workers.Inline, slots, Time), Time);
            var report = await repairer.RunAsync(shard, range);
            Totals.Repaired += report.Tables.Sum(t => t.Rows);
        }
        catch (StoreException)
        {
            Totals.Faults++;
        }
        catch (DifferenceException e) when ((UkWasRolledBack || UsWasRolledBack))
        {
            _unrepaired.Add(shard);
            Named(e.Message);
        }
        catch (Exception e)
        {
            Died(actor, e);
        }
    }

    /// <summary>Everything that is not in the tables is brought, where stores allow it: what an operator types last.</summary>
    private async Task RepairToTheEndAsync()
    {
        _unrepaired.Clear();
        foreach (var shard in Topic is null ? [] : Scenario.Shards)
        {
            await RepairAsync(new SimulatedActor("last repair"), shard.Name, new CaptureRange(0, 1_000_000));
        }
    }

    /// <summary>Another engine takes a table back to an earlier version, by an entry that it appends while everybody works on.</summary>
    private async Task RestoreAsync(Random random)
    {
        if (!Scenario.Restore)
        {
            return;
        }
        await Task.Delay(Scenario.Duration * (0.2 + 0.7 * random.NextDouble()), Time);
        var uk = Uk.For(new SimulatedActor("restore"));
        foreach (var contract in PublishedContracts.All.Where(_ => random.Next(4) > 0).ToList())
        {
            for (var attempt = 0; attempt < 200; attempt++)
            {
                try
                {
                    if (await RestoreAsync(uk, contract, random))
                    {
                        break;
                    }
                }
                catch (StoreException)
                {
                    Totals.Faults++;
                    await Task.Delay(TimeSpan.FromSeconds(1), Time);
                }
            }
        }
    }

    /// <summary>False: another entry came first.</summary>
    private async Task<bool> RestoreAsync(IObjectStore uk, Contract contract, Random random)
    {
        var log = LogOf(uk, contract);
        if (await log.OpenAsync() is not { Version: > 2 } now || await log.OpenAtAsync(
            random.NextInt64(Math.Max(0, now.Version - 20), now.Version - 1)) is not { } then)
        {
            return true;
        }
        var (gone, back) = (now.Files.Values.Where(f => !then.Files.ContainsKey(f.Path))
            .OrderBy(f => f.Path, StringComparer.Ordinal).ToList(),
            then.Files.Values.Where(f => !now.Files.ContainsKey(f.Path))
            .OrderBy(f => f.Path, StringComparer.Ordinal).ToList());
        if (gone.Count + back.Count == 0)
        {
            return true;
        }
        foreach (var file in back)
        {
            // An engine restores no version whose files were removed since.
            if (await uk.FindAsync(TableNames.Segment(contract.Dataset, file.Path)) is null)
            {
                return true;
            }
        }
        var at = Time.GetUtcNow().ToUnixTimeMilliseconds();
        var entry = new StringBuilder(
            $"{{\"commitInfo\":{{\"timestamp\":{at},\"operation\":\"RESTORE\",\"engineInfo\":\"another/{random.Next()}\"}}}}\n");
        foreach (var file in gone)
        {
            entry.Append($"{{\"remove\":{{\"path\":\"{file.Path}\",\"deletionTimestamp\":{at},\"dataChange\":true}}}}\n");
        }
        foreach (var file in back)
        {
            var stats = file.Rows < 0 ? "" : $",\"stats\":\"{{\\\"numRecords\\\":{file.Rows}}}\"";
            entry.Append($"{{\"add\":{{\"path\":\"{file.Path}\",\"partitionValues\":{{\"date\":\"{file.Date}\"}},\"size\":{file.Size},\"modificationTime\":{at},\"dataChange\":true{stats}}}}}\n");
        }
        if (await Puts.UntilKnownAsync(uk, TableNames.Entry(contract.Dataset, now.Version + 1), Encoding.UTF8.GetBytes(entry.ToString()),
            Time) == PutOutcome.Other)
        {
            return false;
        }
        Totals.Restores++;
        _restores.Add((contract.Dataset, now.Version + 1, then.Version));
        return true;
    }
}
