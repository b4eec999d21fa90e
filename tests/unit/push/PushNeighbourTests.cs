using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>
/// Neighbours who connect and never log in. 256 idle connections once kept out every push and probe for more than two minutes.
/// </summary>
public sealed class PushNeighbourTests
{
    private const int Idle = 256, Clients = 8, Pushes = 40;

    /// <summary>
    /// Far below any timeout of a connection, far above what a busy machine takes; the figure to reach is measured by `./bench.sh push`.
    /// </summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task With_256_idle_anonymous_connections_pushes_and_probes_are_answered(bool addressesOfTheirOwn)
    {
        await using var rig = await PushRig.StartAsync(options: new() { Health = "http://127.0.0.1:0" });
        var idle = new List<Socket>();
        try
        {
            for (var n = 0; n < Idle; n++)
            {
                var from = addressesOfTheirOwn ? new IPAddress([127, 0, 1, (byte)n]) : IPAddress.Loopback;
                idle.Add(await ConnectAsync(rig.Endpoint.Address, from));
            }
            var all = await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => PushAllAsync(rig, client)));
            var times = all.SelectMany(each => each).Order().ToList();
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"p50 {times[times.Count / 2].TotalMilliseconds:F1} ms, p99 {times[times.Count * 99 / 100].TotalMilliseconds:F1} ms");
            Assert.InRange(times[^1], TimeSpan.Zero, Bound);
            Assert.True(await IsAnsweredAsync(rig.Endpoint.HealthAddress!));
            Assert.True(await IsAnsweredAsync(rig.Endpoint.Address));
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
        Assert.Equal(Clients * Pushes, (await rig.ReadsAsync()).Count);
    }

    [Fact]
    public async Task A_connection_on_which_nobody_logs_in_is_cut_in_time_and_one_that_has_pushed_stays()
    {
        var cut = new List<string>();
        var within = TimeSpan.FromMilliseconds(500);
        await using var rig = await PushRig.StartAsync(options: new()
        {
            Connections = new() { LogInWithin = within },
            ConnectionCut = reason =>
            {
                lock (cut)
                {
                    cut.Add(reason);
                }
            },
        });
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
        using var idle = await ConnectAsync(rig.Endpoint.Address, IPAddress.Loopback);
        using var talking = await ConnectAsync(rig.Endpoint.Address, IPAddress.Loopback);
        // One that sends what it may and never logs in, too: it is the time since its start that counts.
        await talking.SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), None);
        await ToEndAsync(idle);
        await ToEndAsync(talking);
        Assert.Equal([PushDoor.NoLogin, PushDoor.NoLogin], cut);
        Assert.Equal(1, rig.Endpoint.Connections);
        Assert.Equal(200, (await rig.PushAsync("c:2", "2\n")).Status);
    }

    [Fact]
    public async Task Refused_logins_are_told_once_a_minute_without_address_or_content_and_each_is_counted()
    {
        var refused = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var rig = await PushRig.StartAsync(token: "t0ken-of-the-source-web", options: new() { LoginRefused = refused.Enqueue });
        for (var n = 0; n < 50; n++)
        {
            Assert.Equal(401, (await rig.PushAsync("c:1", "1\n")).Status);
            Assert.Equal(401, (await rig.PushAsync("c:1", "1\n", "hidden-name")).Status);
        }
        Assert.Equal(100, refused.Count(code => code == "no-token"));
        Assert.Equal(["refused status=401 error=no-token source=web",
            "refused status=401 error=no-token source=none-of-this-endpoint"], rig.Warnings);
        Assert.Contains("no-token", PushEndpoint.LoginRefusals);
    }

    [Fact]
    public async Task The_health_listener_takes_no_pushes_and_a_taken_default_is_a_warning_only()
    {
        await using var rig = await PushRig.StartAsync(options: new() { Health = "http://127.0.0.1:0" });
        using var client = new HttpClient { BaseAddress = rig.Endpoint.HealthAddress };
        using var push = PushRig.Request("c:1", "1\n"u8.ToArray());
        using var answer = await client.SendAsync(push, None);
        Assert.Equal(404, (int)answer.StatusCode);
        var taken = rig.Endpoint.HealthAddress!.ToString();
        await using var other = await PushRig.StartAsync(options: new() { Health = taken, HealthIsDefault = true });
        Assert.Null(other.Endpoint.HealthAddress);
        Assert.Contains(other.Warnings, w => w.Contains("push.health", StringComparison.Ordinal));
        Assert.Equal(200, (await other.PushAsync("c:1", "1\n")).Status);
        await Assert.ThrowsAsync<Core.OutageException>(() => PushRig.StartAsync(options: new() { Health = taken }));
    }

    [Theory]
    [InlineData("http://0.0.0.0:8081", typeof(Core.PolicyException))]
    [InlineData("https://127.0.0.1:8081", typeof(Core.ConfigurationException))]
    [InlineData("127.0.0.1:8081", typeof(Core.ConfigurationException))]
    public void Health_is_told_in_the_clear_on_loopback_only(string url, Type refused) =>
        Assert.Throws(refused, () => new PushEndpoint(
            new() { Url = "http://127.0.0.1:0", Health = url }, Core.Records.InstallationKey.New(), TimeProvider.System));

    private static async Task<List<TimeSpan>> PushAllAsync(PushRig rig, int client)
    {
        var times = new List<TimeSpan>();
        for (var sequence = 1; sequence <= Pushes; sequence++)
        {
            // Half of them on a connection of their own, which is anonymous until its push is let in.
            using var own = new HttpClient { BaseAddress = rig.Endpoint.Address, Timeout = TimeSpan.FromSeconds(30) };
            using var request = PushRig.Request($"client-{client}:{sequence}", Encoding.ASCII.GetBytes($"{sequence}\n"));
            var sent = Stopwatch.GetTimestamp();
            using var answer = await (sequence % 2 == 0 ? own : rig.Client).SendAsync(request, None);
            Assert.Equal(200, (int)answer.StatusCode);
            times.Add(Stopwatch.GetElapsedTime(sent));
        }
        return times;
    }

    private static async Task<bool> IsAnsweredAsync(Uri address)
    {
        using var client = new HttpClient { BaseAddress = address, Timeout = Bound };
        using var answer = await client.GetAsync("/readyz", None);
        return answer.IsSuccessStatusCode;
    }

    private static async Task<Socket> ConnectAsync(Uri to, IPAddress from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(to.Host, to.Port, None);
        return socket;
    }

    private static async Task ToEndAsync(Socket socket)
    {
        var buffer = new byte[1024];
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            while (await socket.ReceiveAsync(buffer, bound.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Cut, which is an end too.
        }
    }
}
