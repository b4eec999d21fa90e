using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A body whose end is not certain is no push.</summary>
public sealed class PushFramingTests
{
    private const string Head = "POST /v1/lines?source=web HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nIdempotency-Key: c:1\r\n";

    [Theory]
    [InlineData(Head + "Connection: close\r\n\r\n")]
    [InlineData(Head + "Content-Length: nine\r\n\r\n1\n")]
    [InlineData(Head + "Content-Length: -1\r\n\r\n1\n")]
    [InlineData(Head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n1\n")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n1\n\r\n0\r\n\r\n")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n2\r\n1\nX0\r\n\r\n")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n2;x=\n1\n\r\n0\r\n\r\n")]
    [InlineData(Head + "Transfer-Encoding: gzip\r\n\r\n1\n")]
    public async Task A_body_without_a_certain_end_is_400_and_is_not_captured(string request)
    {
        await using var rig = await PushRig.StartAsync();
        var reply = await SendAsync(rig, request);
        Assert.StartsWith("HTTP/1.1 400 ", reply, StringComparison.Ordinal);
        Assert.Empty(await rig.ReadsAsync());
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
    }

    [Theory]
    [InlineData(Head + "Content-Length: 10\r\n\r\n1\n")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n")]
    public async Task A_body_that_ends_early_is_not_captured(string request)
    {
        await using var rig = await PushRig.StartAsync();
        Assert.DoesNotContain("200 OK", await SendAsync(rig, request, end: true), StringComparison.Ordinal);
        Assert.Empty(await rig.ReadsAsync());
        Assert.True((await rig.PushAsync("c:1", "1\n")) is { Status: 200, Duplicate: false });
    }

    [Fact]
    public async Task A_length_beside_chunks_does_not_smuggle_a_second_push()
    {
        await using var rig = await PushRig.StartAsync();
        var second = Head.Replace("c:1", "c:2", StringComparison.Ordinal) + "Content-Length: 2\r\n\r\n2\n";
        await SendAsync(rig, Head + "Connection: close\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n0\r\n\r\n" + second);
        Assert.True((await rig.ReadsAsync()).Count <= 1);
    }

    [Fact]
    public async Task Requests_sent_one_behind_the_other_on_a_connection_are_captured_in_order()
    {
        await using var rig = await PushRig.StartAsync();
        var requests = string.Concat(Enumerable.Range(1, 20).Select(n => Head.Replace("c:1", $"c:{n}", StringComparison.Ordinal) + $"Content-Length: {$"{n}\n".Length}\r\n\r\n{n}\n")) + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        var reply = await SendAsync(rig, requests);
        Assert.Equal(21, reply.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.Equal(20, (await rig.ReadsAsync()).Count);
    }

    private static async Task<string> SendAsync(PushRig rig, string request, bool end = false)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync(rig.Endpoint.Address.Host, rig.Endpoint.Address.Port, bound.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), bound.Token);
        if (end)
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }
        using var reply = new MemoryStream();
        try
        {
            await stream.CopyToAsync(reply, bound.Token);
        }
        catch (IOException)
        {
            // A server may cut the connection after its answer.
        }
        return Encoding.ASCII.GetString(reply.ToArray());
    }
}
