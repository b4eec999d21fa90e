using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>Rules 32 and 33 as a client sees them.</summary>
public sealed class PushEndpointTests
{
    private const string Secret = "hidden-content-of-a-line";

    [Fact]
    public async Task Rule_33_A_push_is_answered_when_it_is_captured_and_says_which_lines_were_refused()
    {
        await using var rig = await PushRig.StartAsync();
        var answer = await rig.PushAsync("c:1", PushRig.Line + Secret + "\n" + Secret + "\n\n" + PushRig.Line.TrimEnd());
        Assert.Equal(200, answer.Status);
        Assert.Equal("s1", answer.Body.GetProperty("shard").GetString());
        Assert.Equal(5, answer.Number("lines"));
        Assert.Equal(2, answer.Body.GetProperty("records").GetProperty("agent-updates").GetInt64());
        Assert.Equal(2, answer.Body.GetProperty("rejections").GetProperty("malformed").GetInt64());
        Assert.Equal("""[{"reason":"malformed","line":2,"count":2},{"reason":"empty","line":4,"count":1}]""",
            answer.Body.GetProperty("refused").GetRawText());
        var read = Assert.Single(await rig.ReadsAsync());
        Assert.Equal((0L, 1L, 5L), (read.From, read.To, read.Lines));
        Assert.Equal(32, read.Stream!.Length);
    }

    [Fact]
    public async Task Rule_32_The_next_is_taken_the_last_64_are_had_and_all_else_is_a_gap()
    {
        await using var rig = await PushRig.StartAsync();
        for (var n = 1; n <= 70; n++)
        {
            Assert.False((await rig.PushAsync($"c:{n}", $"{n}\n")) is { Status: not 200 } or { Duplicate: true });
        }
        Assert.True((await rig.PushAsync("c:70", "70\n")) is { Status: 200, Duplicate: true });
        Assert.True((await rig.PushAsync("c:7", "7\n")) is { Status: 200, Duplicate: true });
        Assert.True((await rig.PushAsync("c:7", "8\n")) is { Status: 422, Error: "other-body" });
        foreach (var sequence in (int[])[6, 1, 72, 1000])
        {
            var gap = await rig.PushAsync($"c:{sequence}", $"{sequence}\n");
            Assert.Equal((409, 71L), (gap.Status, gap.Number("expected")));
        }
        Assert.Equal(1, (await rig.PushAsync("another:2", "2\n")).Number("expected"));
        Assert.Equal(5, rig.Endpoint.Gaps["web"]);
        Assert.Equal(70, (await rig.ReadsAsync()).Count);
    }

    [Fact]
    public async Task Rule_32_A_new_process_knows_what_the_last_one_captured()
    {
        await using var first = await PushRig.StartAsync();
        Assert.Equal(200, (await first.PushAsync("c:1", "1\n")).Status);
        Assert.Equal(200, (await first.PushAsync("c:2", "2\n")).Status);
        await first.KillAsync();
        await using var second = await PushRig.StartAsync(first.Memory, first.Key);
        Assert.True((await second.PushAsync("c:2", "2\n")) is { Status: 200, Duplicate: true });
        Assert.Equal(422, (await second.PushAsync("c:1", "2\n")).Status);
        Assert.Equal(3, (await second.PushAsync("c:4", "4\n")).Number("expected"));
        Assert.True((await second.PushAsync("c:3", "3\n")) is { Status: 200, Duplicate: false });
        Assert.Equal(3, (await second.ReadsAsync()).Count(r => r.Stream is not null));
    }

    [Fact]
    public async Task Rule_32_A_retry_of_one_in_flight_waits_for_the_same_capture()
    {
        await using var rig = await PushRig.StartAsync();
        rig.Store.Plan = o => o.Verb == StoreVerb.Put ? Fault.Hang : Fault.None;
        var puts = rig.Store.Count;
        var first = rig.PushAsync("c:1", "1\n");
        await Until(() => rig.Store.Count > puts);
        var second = rig.PushAsync("c:2", "2\n");
        var retry = rig.PushAsync("c:1", "1\n");
        Assert.Equal(422, (await rig.PushAsync("c:1", "other\n")).Status);
        await Until(() => rig.Waited == 3);
        Assert.False(first.IsCompleted || retry.IsCompleted || second.IsCompleted);
        await rig.AnswerAgainAsync(first);
        var (a, b) = (await first, await retry);
        Assert.Equal((null, null, null), (a.Error, b.Error, (await second).Error));
        Assert.Equal(a.Number("capture"), b.Number("capture"));
        Assert.True(b.Duplicate && !a.Duplicate);
        Assert.Equal(2, (await rig.ReadsAsync()).Count(r => r.Stream is not null));
    }

    [Fact]
    public async Task Promise_1_While_the_store_does_not_answer_nothing_is_acknowledged_and_the_push_stays_under_way()
    {
        await using var rig =
            await PushRig.StartAsync(options: new() { AcknowledgeWithin = TimeSpan.FromMilliseconds(200),
            RoomWithin = TimeSpan.FromMilliseconds(200) });
        rig.Store.Plan = o => o.Verb == StoreVerb.Put ? Fault.Hang : Fault.None;
        var answer = await rig.PushAsync("c:1", "1\n");
        Assert.Equal((503, "outage", 1.0), (answer.Status, answer.Error, answer.RetryAfter!.Value.TotalSeconds));
        Assert.Equal(503, (int)(await rig.Client.GetAsync("/readyz", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(200, (int)(await rig.Client.GetAsync("/healthz", TestContext.Current.CancellationToken)).StatusCode);
        // A number that cannot be judged without the store is not refused: only the store says whose the shard is.
        Assert.Equal(503, (await rig.PushAsync("c:9", "9\n")).Status);
        var retry = await rig.AnswerAgainAsync(rig.PushUntilTakenAsync("c:1", "1\n"));
        Assert.True(retry is { Status: 200, Duplicate: true });
        Assert.Single(await rig.ReadsAsync());
    }

    [Fact]
    public async Task A_push_that_found_no_room_did_not_use_up_its_sequence()
    {
        await using var rig =
            await PushRig.StartAsync(options: new() { AcknowledgeWithin = TimeSpan.FromMilliseconds(300),
            RoomWithin = TimeSpan.FromMilliseconds(300) });
        rig.Store.Plan = o => o.Verb == StoreVerb.Put ? Fault.Hang : Fault.None;
        // One is being put, twelve are queued: the fourteenth finds no room, nor does the fifteenth that waits for it.
        var answers = new List<Answer>();
        for (var n = 1; n <= 15; n++)
        {
            answers.Add(await rig.PushAsync($"c:{n}", $"{n}\n"));
        }
        var busy = answers.FindIndex(a => a.Error == "busy");
        Assert.InRange(busy, 12, 14);
        for (var n = 1; n <= 15; n++)
        {
            Assert.Equal(200, (await rig.AnswerAgainAsync(rig.PushUntilTakenAsync($"c:{n}", $"{n}\n"))).Status);
        }
        Assert.Equal(Enumerable.Range(1, 15).Select(n => (long)n), (await rig.ReadsAsync()).Select(r => r.To));
    }

    [Fact]
    public async Task Rule_32_A_zombie_that_is_asked_for_a_wrong_number_finds_that_it_is_fenced()
    {
        await using var rig = await PushRig.StartAsync();
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
        await rig.UsurpAsync();
        var answer = await rig.PushAsync("c:5", "5\n");
        Assert.Equal((421, "fenced"), (answer.Status, answer.Error));
        Assert.True(rig.Fenced);
        Assert.Equal(421, (await rig.PushAsync("c:1", "1\n")).Status);
        Assert.Equal(0, rig.Endpoint.Gaps["web"]);
    }

    [Fact]
    public async Task Rule_5_A_zombie_acknowledges_nothing()
    {
        await using var rig = await PushRig.StartAsync();
        await rig.UsurpAsync();
        Assert.Equal(421, (await rig.PushAsync("c:1", "1\n")).Status);
        Assert.Equal(421, (await rig.SendAsync(PushRig.Request(null, "1\n"u8.ToArray(), "loose"))).Status);
        Assert.True(rig.Fenced);
        Assert.Empty(await rig.ReadsAsync());
    }

    [Fact]
    public async Task Rule_5_Until_the_shards_are_claimed_it_lives_and_takes_nothing()
    {
        await using var rig = await PushRig.StartAsync(open: false);
        Assert.Equal(200, (int)(await rig.Client.GetAsync("/healthz", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(503, (int)(await rig.Client.GetAsync("/readyz", TestContext.Current.CancellationToken)).StatusCode);
        Assert.True((await rig.PushAsync("c:1", "1\n")) is { Status: 503, Error: "starting", RetryAfter: not null });
        await rig.OpenAsync();
        Assert.Equal(200, (int)(await rig.Client.GetAsync("/readyz", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
    }

    [Fact]
    public async Task Stopping_answers_what_was_taken()
    {
        await using var rig = await PushRig.StartAsync();
        rig.Store.Plan = o => o.Verb == StoreVerb.Put ? Fault.Hang : Fault.None;
        var puts = rig.Store.Count;
        var held = rig.PushAsync("c:1", "1\n");
        await Until(() => rig.Store.Count > puts);
        var stopping = rig.Endpoint.StopAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<HttpRequestException>(async () =>
        {
            // The listener is closed a moment after stop began.
            while ((await rig.PushAsync("c:2", "2\n")).Status == 503)
            {
            }
        });
        Assert.False(stopping.IsCompleted);
        await rig.AnswerAgainAsync(held);
        Assert.Equal(200, (await held).Status);
        await stopping;
        Assert.Single(await rig.ReadsAsync());
    }

    [Fact]
    public async Task Rule_35_No_answer_and_no_warning_holds_what_was_sent()
    {
        await using var rig = await PushRig.StartAsync();
        var requests = new[]
        {
            PushRig.Request("c:1", Encoding.UTF8.GetBytes(Secret)), PushRig.Request("c:2", Encoding.UTF8.GetBytes(Secret),
                encoding: "gzip"), PushRig.Request(Secret, Encoding.UTF8.GetBytes(Secret)),
            PushRig.Request("c:9", Encoding.UTF8.GetBytes(Secret)), PushRig.Request("c:1", "{}"u8.ToArray(), Secret.ToUpperInvariant()),
                PushRig.Request("c:1", Encoding.UTF8.GetBytes(Secret), "web", "text/" + Secret),
        };
        foreach (var request in requests)
        {
            Assert.DoesNotContain(Secret, (await rig.SendAsync(request)).Body.GetRawText(), StringComparison.OrdinalIgnoreCase);
        }
        Assert.DoesNotContain(rig.Warnings, w => w.Contains(Secret, StringComparison.OrdinalIgnoreCase));
    }

    internal static byte[] Gzip(byte[] bytes, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var into = new MemoryStream();
        using (var gzip = new GZipStream(into, level, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return into.ToArray();
    }

    private static async Task Until(Func<bool> fact)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!fact())
        {
            bound.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
