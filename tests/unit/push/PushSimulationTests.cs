using System.IO.Pipelines;
using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>
/// Clients that send ahead, send twice, give up and retry, against processes that are killed, fenced and short of room, in any
/// interleaving:
/// every sequence is captured once, in order, with its body, and whatever was acknowledged is there (promises 1 and 2, rule 32).
/// </summary>
public sealed class PushSimulationTests
{
    private const int Clients = 3, Sequences = 25;

    [Fact]
    public void Rule_32_Any_interleaving_of_sends_retries_and_restarts_captures_each_sequence_once()
    {
        for (var seed = 1; seed <= 400; seed++)
        {
            var time = new SimulatedTime();
            new SimulatedThread(seed, time).Run(() => new World(seed, time).RunAsync());
        }
    }

    private sealed class World(int seed, SimulatedTime time)
    {
        private readonly Random _random = new(seed);
        private readonly KeyedHash _hash = new(new byte[32]);
        private readonly PushEndpointOptions _options = new();
        private readonly PushBudget _budget = new(64 << 20);
        private readonly List<(string Stream, long Sequence, string Check)> _log = [];
        private readonly List<string> _forks = [];
        private int _done;
        private Shard _shard = null!;
        private PushIntake _intake = null!;

        public async Task RunAsync()
        {
            Restart();
            var operating = OperateAsync();
            await Task.WhenAll(Enumerable.Range(0, Clients).SelectMany(c =>
                Enumerable.Range(1, Sequences).Select(n => SendAsync("client" + c, n))));
            await operating;
            for (var c = 0; c < Clients; c++)
            {
                var stream = PushKey.Parse($"client{c}:1", _hash)!.Value.Stream;
                Assert.Equal(Enumerable.Range(1, Sequences).Select(n => (long)n),
                    _log.Where(l => l.Stream == stream).Select(l => l.Sequence));
            }
        }

        private async Task SendAsync(string client, int sequence)
        {
            var key = PushKey.Parse($"{client}:{sequence}", _hash)!.Value;
            var text = $"{client} {sequence}\n";
            await Pause(sequence * 40);
            while (true)
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(_random.Next(1, 60_000)), time);
                var body = new PushBody(_budget);
                await body.ReadAsync(PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(text))), 1 << 20,
                    default);
                Assert.Empty(_forks);
                PushReply reply;
                try
                {
                    reply = await _intake.TakeAsync(key, body, patience.Token);
                }
                catch (OperationCanceledException)
                {
                    continue;
                }
                switch (reply)
                {
                    case PushReply.Captured:
                        Assert.Equal(1, _log.Count(l => l == (key.Stream, (long)sequence, _hash.Of(Encoding.ASCII.GetBytes(text)))));
                        if (_random.Next(4) > 0)
                        {
                            _done++;
                            return;
                        }
                        break;
                    case PushReply.Refused { Status: 409 } gap:
                        Assert.True(gap.Expected < sequence, "a number that the client sent was called too old");
                        break;
                    case PushReply.Refused refused:
                        Assert.Contains(refused.Status, (int[])[421, 503]);
                        break;
                }
                await Pause(500);
            }
        }

        private async Task OperateAsync()
        {
            while (_done < Clients * Sequences)
            {
                await Pause(20_000);
                switch (_random.Next(4))
                {
                    case 0:
                        _shard.Die(_random, new InvalidOperationException("killed"));
                        Restart();
                        break;
                    case 1:
                        // A newer process claims the shard first; the older one learns of it at its next put.
                        _shard.Fenced = true;
                        Restart();
                        break;
                    case 2:
                        _shard.Slow = !_shard.Slow;
                        break;
                }
            }
            _shard.Stop = true;
        }

        private void Restart()
        {
            var state = new ShardState { Store = "", Shard = "s1", KeyId = "" };
            foreach (var stream in _log.GroupBy(l => l.Stream))
            {
                state.Streams["web/" + stream.Key] = new PushCursor(stream.Last().Sequence,
                    [.. stream.TakeLast(PushCursor.Remembered).Select(l => l.Check)]);
            }
            var shard = new Shard(_log, _forks, _random, time);
            var source = new PushSource
            {
                Name = "web", Shard = "s1", Format = new CombinedFormat(), Sink = shard, IsFenced = _ =>
                    Task.FromResult(shard.Fenced), Streams = new PushStreams("web", state),
            };
            (_shard, _intake) = (shard, new PushIntake(source, _options, _hash, time));
            _ = shard.RunAsync();
        }

        private Task Pause(int most) => Task.Delay(TimeSpan.FromMilliseconds(_random.Next(most)), time, default);
    }

    /// <summary>A shard with little room: what is queued is captured some at a time, and refused as a fork where it does not continue the
    /// log.</summary>
    private sealed class Shard(List<(string Stream, long Sequence, string Check)> log, List<string> forks, Random random, TimeProvider time)
        : IBlockSink
    {
        private const int Room = 4;

        private readonly List<(SourceBlock Block, TaskCompletionSource<BlockOutcome> Outcome)> _queue = [];
        private TaskCompletionSource<bool> _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Exception? _failure;

        public bool Fenced { get; set; }
        public bool Slow { get; set; }
        public bool Stop { get; set; }

        public async ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
        {
            while (_failure is null && _queue.Count >= Room)
            {
                await _change.Task.WithinAsync(Timeout.InfiniteTimeSpan, time, cancel);
            }
            if (_failure is not null)
            {
                throw _failure;
            }
            _queue.Add((block, new(TaskCreationOptions.RunContinuationsAsynchronously)));
            return _queue[^1].Outcome.Task;
        }

        public async Task RunAsync()
        {
            while (_failure is null && !Stop)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(Slow ? 40_000 : 50)), time, default);
                if (Fenced && _queue.Count > 0)
                {
                    Fail(new FencedException("s1", 0));
                }
                else if (_failure is null && !Fenced)
                {
                    var count = random.Next(_queue.Count + 1);
                    Write(count);
                    foreach (var (block, outcome) in _queue.Take(count))
                    {
                        outcome.SetResult(
                            new BlockOutcome(default!, new ReadEntry { Source = "web", Format = "combined", From = block.From,
                            To = block.To, Check = block.Check, Lines = 1 }, new Dictionary<string, long>(), []));
                    }
                    _queue.RemoveRange(0, count);
                    Interlocked.Exchange(ref _change, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult(true);
                }
            }
        }

        /// <summary>The process is gone; the last capture may be there although nobody heard of it.</summary>
        public void Die(Random at, Exception why)
        {
            if (_failure is null && !Fenced)
            {
                Write(at.Next(_queue.Count + 1));
            }
            Fail(why);
        }

        private void Write(int count)
        {
            foreach (var (block, _) in _queue.Take(count))
            {
                if (log.LastOrDefault(l => l.Stream == block.Stream).Sequence is var last && last != block.From)
                {
                    forks.Add($"a push of sequence {block.To} was offered behind {last}");
                }
                log.Add((block.Stream!, block.To, block.Check));
                block.Release!();
            }
        }

        private void Fail(Exception why)
        {
            _failure ??= why;
            foreach (var (_, outcome) in _queue)
            {
                outcome.TrySetException(why);
                _ = outcome.Task.Exception;
            }
            _queue.Clear();
            _change.TrySetResult(true);
        }
    }
}
