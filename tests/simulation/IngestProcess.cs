using System.Globalization;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

internal enum PushAnswer { Acknowledged, TryElsewhere, Expected, Differs }

/// <param name="Number">The sequence expected, where that is the answer (409).</param>
internal readonly record struct PushReply(PushAnswer Answer, long Number = 0);

/// <summary>One process that hosts one shard: claims it, reads its files from their cursors, and answers pushes as rule 32 says, until it
/// is killed, fenced, stopped or done.</summary>
internal sealed class IngestProcess
{
    private static readonly CombinedFormat Format = new();
    // Without state of its own but pooled scratch, which takes milliseconds to make: shared by all.
    private static readonly BlockEncoder Encoder = new(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates,
        Schedule.Key.RowKey());

    private readonly Schedule _schedule;
    private readonly ShardPlan _plan;
    private readonly Random _random;
    private readonly string _session;
    private readonly Dictionary<string, Stream> _streams = [];
    private ShardLoop? _loop;
    private bool _fenced;

    public IngestProcess(Schedule schedule, ShardPlan plan, int incarnation)
    {
        (_schedule, _plan) = (schedule, plan);
        _random = new Random(HashCode(schedule.Scenario.Seed, plan.Name, incarnation));
        _session = incarnation.ToString("x16", CultureInfo.InvariantCulture);
        Actor = new SimulatedActor($"{plan.Name}#{incarnation}");
        Ended = RunAsync();
    }

    public SimulatedActor Actor { get; }

    /// <summary>How it ended: `done`, `fenced`, `outage` or `fork`; never, where it was killed.</summary>
    public Task<string> Ended { get; }

    /// <summary>Whether it takes pushes.</summary>
    public bool Open { get; private set; }

    public bool Stopping { get; private set; }

    /// <summary>Finish what was read, and end.</summary>
    public void Stop() => Stopping = true;

    private void Captured(string shard, Capture capture)
    {
        _schedule.Totals.Captures++;
        _schedule.Notice(shard);
        _schedule.Publish(shard, capture);
    }

    public async Task<PushReply> PushAsync(StreamPlan plan, long sequence)
    {
        await Actor.PassAsync();
        if (!Open || Stopping)
        {
            return new(PushAnswer.TryElsewhere);
        }
        if (!_streams.TryGetValue(plan.Stream, out var stream))
        {
            _streams[plan.Stream] = stream = new Stream();
        }
        if (stream.UnderWay is { } underWay && underWay.Sequence == sequence)
        {
            return await underWay.Reply;
        }
        if (sequence <= stream.Taken)
        {
            return stream.Checks.TryGetValue(sequence, out var check) && check != CheckOf(plan, sequence) ? new(PushAnswer.Differs)
                : new(PushAnswer.Acknowledged);
        }
        if (sequence == stream.Taken + 1 && stream.UnderWay is null)
        {
            var reply = TakeAsync(plan, stream, sequence);
            if (!reply.IsCompleted)
            {
                stream.UnderWay = (sequence, reply);
            }
            return await reply;
        }
        try
        {
            // Before a 409 the next capture's name is probed (rule 32).
            if (!await _loop!.IsFencedAsync(CancellationToken.None))
            {
                return new(PushAnswer.Expected, stream.Taken + 1);
            }
            // 421, and exit 6: an idle process would otherwise send clients away for ever.
            _fenced = true;
            Stop();
            return new(PushAnswer.TryElsewhere);
        }
        catch (Exception e) when (e is StoreException or ObjectDisposedException)
        {
            // No answer, or this process ended while it asked.
            return new(PushAnswer.TryElsewhere);
        }
    }

    private async Task<string> RunAsync()
    {
        await Task.Yield();
        try
        {
            var retry = new StoreRetry(_schedule.Time, _ => _schedule.Totals.Faults++);
            var options = new ShardOptions
            {
                Flush = _schedule.Scenario.Flush, Limits = _schedule.Scenario.Limits, Cold = _schedule.Scenario.Cold, Session = _session,
                Told = [new("schedule", Captured)],
            };
            var captures = new CaptureStore(_schedule.Us.For(Actor), Schedule.StoreId, Schedule.Key.Captures());
            using var loop = new ShardLoop(_plan.Name, captures, Encoder, retry, Workers.Inline, options);
            await loop.ClaimAsync(_plan.Sources, CancellationToken.None);
            await Actor.PassAsync();
            _loop = loop;
            var starts = new List<FileCursor?>();
            foreach (var file in _plan.Files)
            {
                starts.Add(await ColdCursors.FindAsync(captures, loop.State, file));
            }
            foreach (var plan in _plan.Streams)
            {
                if (loop.State.Streams.TryGetValue(ShardState.FileKey(plan.Source, plan.Stream), out var cursor))
                {
                    _streams[plan.Stream] = new Stream { Taken = cursor.Sequence };
                    _streams[plan.Stream].Remember(cursor);
                }
            }
            Open = true;
            var run = loop.RunAsync(CancellationToken.None);
            var files = _plan.Files.Select((file, i) => ReadAsync(loop, file, starts[i])).ToList();
            var work = FinishAsync(loop, files);
            await run;
            await work;
            return _fenced ? "fenced" : "done";
        }
        catch (FencedException)
        {
            return "fenced";
        }
        catch (StoreException)
        {
            return "outage";
        }
        catch (DifferenceException) when (_schedule.UsWasRolledBack)
        {
            return "fork";
        }
        finally
        {
            Open = false;
        }
    }

    private async Task FinishAsync(ShardLoop loop, List<Task> files)
    {
        try
        {
            await Task.WhenAll(files);
            while (!Stopping && !Ended.IsCompleted && !(_schedule.Final && _plan.Streams.All(_schedule.IsDone)))
            {
                await Task.Delay(TimeSpan.FromSeconds(5), _schedule.Time);
                await Actor.PassAsync();
            }
        }
        catch (Exception e) when (e is FencedException or ShardStoppedException)
        {
            // The loop has stopped, and says why itself.
        }
        finally
        {
            Open = false;
            loop.Complete();
        }
    }

    /// <summary>From the cursor to the file's end, in blocks of whole lines; several under way.</summary>
    private async Task ReadAsync(ShardLoop loop, FilePlan file, FileCursor? cursor)
    {
        var line = (int)(cursor?.Line ?? 0);
        if (file.Lines.At(line) != (cursor?.Offset ?? 0))
        {
            throw new SimulationException(
                $"{_plan.Name}: the cursor of {file.Identity} stands at byte {cursor!.Offset}, line {line} begins at " +
                $"{file.Lines.At(line)}");
        }
        var underWay = new List<Task>();
        while (line < file.Lines.Lines && !Stopping)
        {
            await Actor.PassAsync();
            var there = _schedule.LinesOf(file);
            if (line >= there)
            {
                await Task.Delay(TimeSpan.FromSeconds(_random.Next(1, 20)), _schedule.Time);
                continue;
            }
            var to = Math.Min(there, line + _random.Next(1, _schedule.Scenario.BlockLines + 1));
            var (from, end) = (file.Lines.At(line), file.Lines.At(to));
            var block = new SourceBlock
            {
                Source = file.Source, Format = Format, File = file.Identity, Lines = file.Lines.Bytes.AsMemory(from, end - from),
                    From = from, To = end,
                Check = $"c{end}", Line = line,
            };
            underWay.Add(AcknowledgeAsync(await loop.OfferAsync(block, CancellationToken.None), block));
            line = to;
            if (_random.Next(3) == 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(5 * _random.NextDouble()), _schedule.Time);
            }
        }
        await Task.WhenAll(underWay);
    }

    private async Task AcknowledgeAsync(Task<BlockOutcome> outcome, SourceBlock block)
    {
        var taken = await outcome;
        await Actor.PassAsync();
        _schedule.Acknowledged(this, _plan, taken, block);
    }

    private async Task<PushReply> TakeAsync(StreamPlan plan, Stream stream, long sequence)
    {
        try
        {
            var block = new SourceBlock
            {
                Source = plan.Source, Format = Format, Stream = plan.Stream, Lines = plan.Pushes[(int)sequence - 1].Bytes,
                    From = sequence - 1, To = sequence, Check = CheckOf(plan, sequence),
            };
            await AcknowledgeAsync(await _loop!.OfferAsync(block, CancellationToken.None), block);
            stream.Taken = sequence;
            stream.Checks[sequence] = block.Check;
            return new(PushAnswer.Acknowledged);
        }
        catch (Exception e) when (e is FencedException or ShardStoppedException)
        {
            return new(PushAnswer.TryElsewhere);
        }
        finally
        {
            stream.UnderWay = null;
        }
    }

    private static string CheckOf(StreamPlan plan, long sequence) => $"{plan.Stream}-{sequence}";

    /// <summary>The same in every run: string's own hash is not.</summary>
    public static int HashCode(int seed, string name, int number) => name.Aggregate(seed * 31 + number, (hash, c) => hash * 31 + c);

    private sealed class Stream
    {
        public long Taken { get; set; }

        public Dictionary<long, string> Checks { get; } = [];

        public (long Sequence, Task<PushReply> Reply)? UnderWay { get; set; }

        public void Remember(PushCursor cursor)
        {
            for (var i = 0; i < cursor.Checks.Count; i++)
            {
                Checks[cursor.Sequence - cursor.Checks.Count + 1 + i] = cursor.Checks[i];
            }
        }
    }
}
