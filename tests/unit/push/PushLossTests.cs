using Pipeline.Core.Captures;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>What a client may have lost is counted, and what says nothing leaves nothing (rule 32).</summary>
public sealed class PushLossTests
{
    /// <summary>A client that lost its counter begins at 1 again: each refusal may be a loss, until it learns the number from a
    /// 409.</summary>
    [Fact]
    public async Task Rule_32_New_lines_under_an_old_number_are_counted_as_a_possible_loss_as_a_gap_is()
    {
        await using var rig = await PushRig.StartAsync();
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
        Assert.Equal(200, (await rig.PushAsync("c:2", "2\n")).Status);
        Assert.True((await rig.PushAsync("c:1", "3\n")) is { Status: 422, Error: "other-body" });
        Assert.True((await rig.PushAsync("c:2", "4\n")) is { Status: 422, Error: "other-body" });
        Assert.Equal(409, (await rig.PushAsync("c:9", "5\n")).Status);
        Assert.True((await rig.PushAsync("c:2", "2\n")) is { Status: 200, Duplicate: true });
        // The next capture carries the counts.
        Assert.Equal(200, (await rig.PushAsync("c:3", "3\n")).Status);
        var notes = (await rig.ReadsAsync()).SelectMany(r => r.Notes ?? []).ToDictionary(n => n.Key, n => n.Value);
        Assert.Equal(new Dictionary<string, long> { [LossNotes.PushOtherBody] = 2, [LossNotes.PushGap] = 1 }, notes);
    }

    [Fact]
    public async Task Ten_thousand_empty_pushes_leave_no_state_and_their_sequences_are_free()
    {
        await using var rig = await PushRig.StartAsync();
        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (n, _) =>
            Assert.True((await rig.PushAsync($"stream-{n}:1", "")) is { Status: 400, Error: "no-lines" }));
        Assert.True((await rig.SendAsync(PushRig.Request(null, [], "loose"))) is { Status: 400, Error: "no-lines" });
        Assert.Empty(await rig.ReadsAsync());
        Assert.Equal(0, rig.Endpoint.Streams("web"));
        Assert.Equal(200, (await rig.PushAsync("stream-7:1", "1\n")).Status);
        Assert.True((await rig.PushAsync("stream-7:2", "")) is { Status: 400, Error: "no-lines" });
        Assert.Equal(200, (await rig.PushAsync("stream-7:2", "2\n")).Status);
        Assert.Equal(1, rig.Endpoint.Streams("web"));
    }
}
