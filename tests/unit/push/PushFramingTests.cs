using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A body whose end is not certain is no push.</summary>
public sealed partial class PushFramingTests
{
    private const string Head = "POST /v1/lines?source=web HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nIdempotency-Key: c:1\r\n";

    [Fact]
    public async Task Each_request_of_the_corpus_is_answered_as_it_must_be_and_what_is_captured_is_what_was_acknowledged()
    {
        await using var rig = await PushRig.StartAsync();
        var corpus = PushFramingCorpus.All.ToList();
        var (wrong, acknowledged) = (new List<string>(), new Dictionary<string, int>());
        foreach (var (number, request) in corpus.Index())
        {
            var stream = PushFramingCorpus.Stream(number);
            var reply = await SendAsync(rig, request.Bytes.Replace("§", stream, StringComparison.Ordinal), request.Ends);
            var statuses = string.Join(' ', Status().Matches(reply).Select(m => m.Groups[1].Value));
            if (statuses != request.Statuses && !(request.Ends && statuses is ("" or "400")))
            {
                wrong.Add($"{request.Name}: answered '{statuses}', expected '{request.Statuses}'");
            }
            acknowledged[PushKey.Parse(stream + ":1", rig.Key.Pushes())!.Value.Stream] = Capture().Count(reply);
            if ((await rig.Client.GetAsync("/healthz", TestContext.Current.CancellationToken)).StatusCode != System.Net.HttpStatusCode.OK)
            {
                wrong.Add($"{request.Name}: the endpoint does not live");
            }
        }
        var captured = (await rig.ReadsAsync()).GroupBy(r => r.Stream!).ToDictionary(g => g.Key, g => g.Count());
        foreach (var ((stream, count), request) in acknowledged.Zip(corpus))
        {
            if (captured.GetValueOrDefault(stream) != count)
            {
                wrong.Add($"{request.Name}: {count} acknowledged, {captured.GetValueOrDefault(stream)} captured");
            }
        }
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
        TestContext.Current.TestOutputHelper!.WriteLine($"{corpus.Count} requests");
        Assert.InRange(corpus.Count, 200, int.MaxValue);
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
        Assert.DoesNotContain(rig.Warnings, w => w.StartsWith("push: ", StringComparison.Ordinal)
            && w.Contains("Exception", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Head + "Content-Length: 10\r\n\r\n1\n")]
    [InlineData(Head + "Transfer-Encoding: chunked\r\n\r\n2\r\n1\n\r\n")]
    public async Task What_ended_early_did_not_use_up_its_sequence(string request)
    {
        await using var rig = await PushRig.StartAsync();
        Assert.DoesNotContain("200 OK", await SendAsync(rig, request, end: true), StringComparison.Ordinal);
        Assert.Empty(await rig.ReadsAsync());
        Assert.True((await rig.PushAsync("c:1", "1\n")) is { Status: 200, Duplicate: false });
    }

    [Fact]
    public async Task Whoever_goes_once_the_request_is_sent_finds_it_captured_once_or_not_at_all()
    {
        await using var rig = await PushRig.StartAsync();
        for (var n = 1; n <= 20; n++)
        {
            var request = Head.Replace("c:1", $"c{n}:1", StringComparison.Ordinal) + "Content-Length: 2\r\n\r\n1\n";
            await SendAsync(rig, request, end: true);
            await SendAsync(rig, request, end: true);
            Assert.Equal(200, (await rig.PushAsync($"c{n}:1", "1\n")).Status);
        }
        Assert.Equal(20, (await rig.ReadsAsync()).Count);
    }

    [Fact]
    public async Task Requests_sent_one_behind_the_other_on_a_connection_are_captured_in_order()
    {
        await using var rig = await PushRig.StartAsync();
        var requests = string.Concat(Enumerable.Range(1, 20).Select(n => Head.Replace("c:1", $"c:{n}", StringComparison.Ordinal)
            + $"Content-Length: {$"{n}\n".Length}\r\n\r\n{n}\n")) + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
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
        using var reply = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), bound.Token);
            if (end)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }
            await stream.CopyToAsync(reply, bound.Token);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // A server may cut the connection after its answer.
        }
        return Encoding.Latin1.GetString(reply.ToArray());
    }

    [GeneratedRegex(@"HTTP/1\.1 (\d{3}) ")]
    private static partial Regex Status();

    [GeneratedRegex("\"capture\":")]
    private static partial Regex Capture();
}
