using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>Streams that were idle make room for new ones and lose nothing but the checks of their bodies (rule 32).</summary>
public sealed class PushRetirementTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Rule_32_A_retired_stream_goes_on_with_its_next_number_and_any_other_is_a_gap_also_after_a_restart()
    {
        await using var first = await StartAsync();
        foreach (var stream in (string[])["a", "b", "c"])
        {
            Assert.Equal(200, (await first.PushAsync(stream + ":1", stream + "1\n")).Status);
        }
        Assert.True((await first.PushAsync("d:1", "d1\n")) is { Status: 429, Error: "too-many-streams" });
        first.Advance(Hour);
        Assert.Equal(200, (await first.PushAsync("a:2", "a2\n")).Status);
        // b was idle longest.
        Assert.Equal(200, (await first.PushAsync("d:1", "d1\n")).Status);
        Assert.Equal(3, first.Endpoint.Streams("web"));
        Assert.True((await first.PushAsync("b:1", "b1\n")) is { Status: 409, Error: "gap" } gap && gap.Number("expected") == 2);
        Assert.True((await first.PushAsync("a:1", "a1\n")) is { Status: 200, Duplicate: true });
        await first.KillAsync();

        await using var second = await StartAsync(first);
        Assert.Equal(2, (await second.PushAsync("b:1", "b1\n")).Number("expected"));
        Assert.True((await second.PushAsync("d:1", "d1\n")) is { Status: 200, Duplicate: true });
        Assert.Equal(429, (await second.PushAsync("b:2", "b2\n")).Status);
        second.Advance(Hour);
        Assert.Equal(200, (await second.PushAsync("a:3", "a3\n")).Status);
        Assert.Equal(200, (await second.PushAsync("b:2", "b2\n")).Status);
        Assert.True((await second.PushAsync("b:2", "b2\n")) is { Status: 200, Duplicate: true });
        var pushes = (await second.ReadsAsync()).Where(r => r.Stream is not null).ToList();
        Assert.Equal(7, pushes.DistinctBy(r => (r.Stream, r.To)).Count());
        Assert.Equal(7, pushes.Count);
        Assert.Equal(2, pushes.Count(r => r.Retires is not null));
    }

    [Fact]
    public async Task Rule_32_A_retired_stream_that_went_cold_is_known_after_a_restart()
    {
        var soon = new ColdPolicy { Every = 1, Begin = 0, Retired = 1 };
        await using var first = await StartAsync(cold: soon);
        foreach (var stream in (string[])["a", "b", "c"])
        {
            Assert.Equal(200, (await first.PushAsync(stream + ":1", stream + "1\n")).Status);
        }
        first.Advance(Hour);
        Assert.Equal(200, (await first.PushAsync("d:1", "d1\n")).Status);
        // a was retired with d's push, and goes cold with the next.
        Assert.Equal(200, (await first.PushAsync("d:2", "d2\n")).Status);
        await first.KillAsync();

        await using var second = await StartAsync(first, soon);
        Assert.NotNull(second.Shard.State.Cold?.Streams);
        Assert.Single(second.Shard.ColdStreams);
        Assert.Equal(2, (await second.PushAsync("a:1", "a1\n")).Number("expected"));
        second.Advance(Hour);
        Assert.Equal(200, (await second.PushAsync("a:2", "a2\n")).Status);
        Assert.True((await second.PushAsync("a:2", "a2\n")) is { Status: 200, Duplicate: true });
        Assert.Single(await second.ReadsAsync(), read => read.Recalls is not null);
        await second.KillAsync();

        await using var third = await StartAsync(second, soon);
        Assert.Equal(200, (await third.PushAsync("a:3", "a3\n")).Status);
        var pushes = (await third.ReadsAsync()).Where(r => r.Stream is not null).ToList();
        Assert.Equal(pushes.Count, pushes.DistinctBy(r => (r.Stream, r.To)).Count());
    }

    [Fact]
    public void Rule_32_What_was_retired_for_a_push_that_found_no_room_is_open_again()
    {
        var streams = Of(State(("a", 4, "x"), ("b", 1, "y")), most: 2);
        var taken = Assert.IsType<PushDecision.Take>(streams.Decide(new("c", 1), "z", true, Hour)).Push;
        Assert.Equal("a", taken.Retires);
        Assert.IsType<PushDecision.Gap>(streams.Decide(new("a", 4), "x", true, Hour));
        streams.Withdraw(taken);
        Assert.IsType<PushDecision.Have>(streams.Decide(new("a", 4), "x", true, Hour));
        Assert.Equal(2, streams.Count);
    }

    [Fact]
    public void Rule_32_When_as_many_are_retired_as_may_be_the_next_new_stream_is_refused()
    {
        var streams = Of(State(("a", 4, "x"), ("gone", 7, null)), most: 1, mostRetired: 1);
        Assert.IsType<PushDecision.TooManyStreams>(streams.Decide(new("c", 1), "z", true, Hour));
        Assert.Equal(8, Assert.IsType<PushDecision.Gap>(streams.Decide(new("gone", 7), "", true, Hour)).Expected);
    }

    /// <summary>
    /// Clients that lose answers and retry, more of them than may be open, with restarts: the fold holds each body once, in order.
    /// </summary>
    [Fact]
    public void Rule_32_However_streams_are_retired_each_sequence_is_captured_once()
    {
        var retired = 0;
        for (var seed = 1; seed <= 300; seed++)
        {
            retired += new World(seed).Run();
        }
        Assert.InRange(retired, 1_000, int.MaxValue);
    }

    [Fact]
    public void Rule_4_A_capture_that_retires_a_stream_that_is_not_there_is_a_fork()
    {
        var state = State(("a", 1, "x"));
        var header = Header(state, new ReadEntry
        {
            Source = "web", Format = "combined", Stream = "b", Retires = "c", From = 0, To = 1, Check = "y", Lines = 1,
        });
        Assert.Contains("retires a stream", state.Apply(header, new Link(0, Sha256.Of([1])))!.Reason, StringComparison.Ordinal);
        Assert.Null(state.Apply(header with { Reads = [header.Reads[0] with { Retires = "a" }] }, new Link(0, Sha256.Of([1]))));
        Assert.Equal((1L, true), (state.Streams["web/a"].Sequence, state.Streams["web/a"].IsRetired));
    }

    private static PushStreams Of(ShardState state, int most, int mostRetired = 10) => new("web", state, most, mostRetired);

    private static ShardState State(params (string Stream, long Sequence, string? Check)[] streams)
    {
        var state = new ShardState { Store = "", Shard = "s1", KeyId = "" };
        foreach (var (stream, sequence, check) in streams)
        {
            state.Streams["web/" + stream] = new PushCursor(sequence, check is null ? [] : [check]);
        }
        return state;
    }

    private static CaptureHeader Header(ShardState state, params ReadEntry[] reads) => new()
    {
        Store = "", Shard = "s1", Number = state.Next, Session = "s", Previous = state.Head?.Hash,
        KeyId = "", Contracts = [], Links = [], Reads = reads, Frames = [],
    };

    private static async Task<PushRig> StartAsync(PushRig? before = null, ColdPolicy? cold = null)
    {
        var rig = await PushRig.StartAsync(before?.Memory, before?.Key, open: false, cold: cold);
        await rig.OpenAsync(with: source => source with { 
            Streams = new PushStreams(source.Name, rig.Shard.State, mostStreams: 3, cold: rig.Shard.ColdStreams) });
        return rig;
    }

    private sealed class World(int seed)
    {
        private const int Clients = 6, Open = 3, Steps = 200;

        private readonly Random _random = new(seed);
        private readonly ShardState _state = State();
        private readonly List<(string Stream, long Sequence, string Check)> _log = [];
        private readonly long[] _next = [.. Enumerable.Repeat(1L, Clients)];
        private int _retired;

        public int Run()
        {
            var (streams, now) = (Of(_state, Open), TimeSpan.Zero);
            for (var step = 0; step < Steps; step++)
            {
                now += TimeSpan.FromMinutes(_random.Next(45));
                var client = _random.Next(Clients);
                Send(streams, client, now);
                if (_random.Next(15) == 0)
                {
                    streams = Of(_state, Open);
                }
            }
            foreach (var of in _log.GroupBy(l => l.Stream))
            {
                Assert.Equal(Enumerable.Range(1, of.Count()).Select(n => (n, $"{of.Key} {n}")), of.Select(l => ((int)l.Sequence, l.Check)));
            }
            return _retired;
        }

        private void Send(PushStreams streams, int client, TimeSpan now)
        {
            var key = new PushKey($"client{client}", _next[client]);
            var check = $"{key.Stream} {key.Sequence}";
            switch (streams.Decide(key, check, true, now))
            {
                case PushDecision.Take { Push: var push } when _random.Next(8) == 0:
                    streams.Withdraw(push);
                    break;
                case PushDecision.Take { Push: var push }:
                    PushStreams.Offer(push);
                    Fold(push);
                    streams.Capture(push, null!);
                    // Or the answer is lost, and the client sends it again.
                    _next[client] += _random.Next(3) == 0 ? 0 : 1;
                    break;
                case PushDecision.Have:
                    _next[client]++;
                    break;
                case PushDecision.Gap { Expected: var expected }:
                    Assert.Equal(key.Sequence + 1, expected);
                    _next[client] = expected;
                    break;
                case PushDecision.TooManyStreams:
                    break;
                case var other:
                    Assert.Fail($"seed {seed}: {other}");
                    break;
            }
        }

        private void Fold(PushInFlight push)
        {
            _log.Add((push.Stream, push.Sequence, push.Check));
            _retired += push.Retires is null ? 0 : 1;
            var header = Header(_state, new ReadEntry
            {
                Source = "web", Format = "combined", Stream = push.Stream, Retires = push.Retires,
                From = push.Sequence - 1, To = push.Sequence, Check = push.Check, Lines = 1,
            });
            Assert.Null(_state.Apply(header, new Link(header.Number, Sha256.Of(BitConverter.GetBytes(header.Number)))));
            Assert.InRange(_state.Streams.Values.Count(cursor => !cursor.IsRetired), 0, Open);
        }
    }
}
