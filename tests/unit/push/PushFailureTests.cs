using System.Net.Sockets;
using System.Text;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Push;

/// <summary>The answers 408 and 500, and clients that do not wait for any.</summary>
public sealed class PushFailureTests
{
    private const string Secret = "hidden-content-of-a-line";
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_body_that_does_not_come_in_time_is_answered_408_and_its_sequence_is_free()
    {
        await using var rig = await PushRig.StartAsync(options: new() { ReadWithin = TimeSpan.FromMilliseconds(100) });
        foreach (var headers in new[] { "Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n",
            "Content-Length: 1000\r\nContent-Encoding: gzip\r\n\r\n" })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(rig.Endpoint.Address.Host, rig.Endpoint.Address.Port, None);
            var stream = client.GetStream();
            await stream.WriteAsync(
                Encoding.Latin1.GetBytes(
                $"POST /v1/lines?source=web HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nIdempotency-Key: c:1\r\n{headers}"), None);
            using var reply = new MemoryStream();
            try
            {
                await stream.CopyToAsync(reply, None);
            }
            catch (IOException)
            {
                // The server cuts the connection after its answer, for the body would come after it.
            }
            Assert.StartsWith("HTTP/1.1 408 ", Encoding.Latin1.GetString(reply.ToArray()), StringComparison.Ordinal);
            Assert.Contains("\"error\":\"too-slow\"", Encoding.Latin1.GetString(reply.ToArray()), StringComparison.Ordinal);
        }
        Assert.Empty(await rig.ReadsAsync());
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
    }

    [Fact]
    public async Task A_fault_of_the_endpoint_is_answered_500_without_a_word_of_what_it_held_and_the_same_push_is_taken_afterwards()
    {
        var broken = true;
        await using var rig = await PushRig.StartAsync(with: source =>
            source with { IsFenced = cancel => broken ? throw new InvalidOperationException(Secret) : Task.FromResult(false) });
        var failed = await rig.PushAsync("c:2", Secret + "\n");
        Assert.Equal((500, "failed"), (failed.Status, failed.Error));
        Assert.DoesNotContain(Secret, failed.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(rig.Warnings, warning => warning.Contains("push: InvalidOperationException", StringComparison.Ordinal));
        Assert.DoesNotContain(rig.Warnings, warning => warning.Contains(Secret, StringComparison.Ordinal));
        broken = false;
        Assert.Equal(1, (await rig.PushAsync("c:2", Secret + "\n")).Number("expected"));
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
        Assert.Equal(200, (await rig.PushAsync("c:2", Secret + "\n")).Status);
        Assert.Equal(2, (await rig.ReadsAsync()).Sum(read => read.Lines));
    }

    /// <summary>Found: a client that left while the shard's next name was probed left its body behind, and two dozen of them left no room
    /// for anybody.</summary>
    [Fact]
    public async Task Bodies_of_clients_that_do_not_wait_for_the_answer_to_a_gap_leave_room_for_others()
    {
        await using var rig = await PushRig.StartAsync(options: new() { MaxHeldBytes = 32 << 20 });
        var body = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 3_900)));
        rig.Store.Plan = operation => operation.Verb == StoreVerb.Find ? Fault.Hang : Fault.None;
        for (var i = 0; i < 10; i++)
        {
            var before = rig.Store.Count;
            using var gone = new CancellationTokenSource();
            using var request = PushRig.Request("c:9", body);
            var answer = rig.Client.SendAsync(request, gone.Token);
            while (rig.Store.Count == before && !answer.IsCompleted)
            {
                await Task.Yield();
            }
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        }
        rig.Store.Plan = _ => Fault.None;
        // What a client left is given back soon after, not before it knows.
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Answer taken;
        do
        {
            taken = await rig.SendAsync(PushRig.Request("c:1", body));
            Assert.False(bound.IsCancellationRequested, "no room came back");
        }
        while (taken is { Status: 503, Error: "busy" });
        Assert.Equal(200, taken.Status);
    }
}
