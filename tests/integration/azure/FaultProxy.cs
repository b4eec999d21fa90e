using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>
/// An HTTP/1.1 proxy on a free port of loopback, in which a plan decides what happens to each request. Each request has a connection of its
/// own on both sides, so that a cut one harms no other.
/// </summary>
internal sealed class FaultProxy : IDisposable
{
    private const int Most = 64 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _target;
    private readonly ConcurrentQueue<(int After, byte[] Request)> _delayed = new();
    private readonly ConcurrentBag<Task> _deliveries = [];
    private int _requests;

    public FaultProxy(int target, Func<ProxyRequest, ProxyFault> plan)
    {
        _target = target;
        Plan = plan;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What decides from here on.</summary>
    public Func<ProxyRequest, ProxyFault> Plan { get; set; }

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Every fault that was given, by kind.</summary>
    public ConcurrentDictionary<string, int> Given { get; } = new();

    /// <summary>Delivers what is still held back, and waits for all deliveries.</summary>
    public async Task DeliverAsync()
    {
        while (_delayed.TryDequeue(out var held))
        {
            _deliveries.Add(DeliverAsync(held.Request));
        }
        await Task.WhenAll(_deliveries);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            using var held = client;
            using var stream = new NetworkStream(client);
            if (await HeadAsync(stream) is not { } head)
            {
                return;
            }
            var first = head.Text.Split(' ', 3);
            var request = new ProxyRequest(Interlocked.Increment(ref _requests) - 1, first[0], first[1]);
            Release();
            var fault = Plan(request);
            if (fault is not ProxyFault.None)
            {
                Given.AddOrUpdate(fault.ToString(), 1, (_, n) => n + 1);
            }
            if (fault is ProxyFault.Reset { After: false })
            {
                Cut(client);
                return;
            }
            var whole = await WholeAsync(stream, head);
            await MeetAsync(client, stream, whole, fault);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side went away; the other one sees its connection end.
        }
    }

    private async Task MeetAsync(Socket client, NetworkStream stream, byte[] request, ProxyFault fault)
    {
        switch (fault)
        {
            case ProxyFault.Answer answer:
                if (answer.After)
                {
                    await AskAsync(request, request.Length);
                }
                await stream.WriteAsync(
                    Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {answer.Status} " +
                    $"Fault\r\n{(answer.Code is null ? "" : $"x-ms-error-code: {answer.Code}\r\n")}Content-Length: 0\r\nConnection: " +
                    $"close\r\n\r\n"), _stop.Token);
                break;
            case ProxyFault.Reset:
                await AskAsync(request, request.Length);
                Cut(client);
                break;
            case ProxyFault.Hang hang:
                if (hang.After)
                {
                    await AskAsync(request, request.Length);
                }
                await GoneAsync(stream);
                break;
            case ProxyFault.Delayed delayed:
                await GoneAsync(stream);
                _delayed.Enqueue((Requests + delayed.Requests, request));
                break;
            case ProxyFault.HalfBody when BodyOf(request) is > 0 and var body:
                await AskAsync(request, request.Length - (body / 2) - 1);
                Cut(client);
                break;
            case ProxyFault.HalfBody:
                var half = await AskAsync(request, request.Length);
                await stream.WriteAsync(half.AsMemory(0, half.Length - (BodyOf(half) / 2) - 1), _stop.Token);
                Cut(client);
                break;
            default:
                await stream.WriteAsync(await AskAsync(request, request.Length), _stop.Token);
                break;
        }
    }

    /// <summary>Delivers what was held back for as many requests as came by now.</summary>
    private void Release()
    {
        for (var n = _delayed.Count; n > 0 && _delayed.TryDequeue(out var held); n--)
        {
            if (held.After <= Requests)
            {
                _deliveries.Add(DeliverAsync(held.Request));
            }
            else
            {
                _delayed.Enqueue(held);
            }
        }
    }

    private async Task DeliverAsync(byte[] request)
    {
        try
        {
            await AskAsync(request, request.Length);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // Nobody waits for the answer.
        }
    }

    /// <summary>Sends the first bytes of the request and gives the whole answer; where they are fewer, cuts the connection and gives
    /// none.</summary>
    private async Task<byte[]> AskAsync(byte[] request, int length)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
        using var stream = new NetworkStream(server);
        await stream.WriteAsync(request.AsMemory(0, length), _stop.Token);
        if (length < request.Length)
        {
            Cut(server);
            return [];
        }
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, _stop.Token);
        return answer.ToArray();
    }

    /// <summary>Waits until the client closes.</summary>
    private async Task GoneAsync(NetworkStream stream)
    {
        try
        {
            while (await stream.ReadAsync(new byte[1], _stop.Token) > 0)
            {
                // What it sends yet is not of this request.
            }
        }
        catch (IOException)
        {
            // Reset is gone too.
        }
    }

    /// <summary>The head's text up to its empty line, and what was read of the body.</summary>
    private async Task<(string Text, byte[] Begun)?> HeadAsync(NetworkStream stream)
    {
        var buffer = new byte[Most];
        for (var filled = 0; filled < Most;)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(filled), _stop.Token);
            if (read == 0)
            {
                return null;
            }
            filled += read;
            if (buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                return (Encoding.Latin1.GetString(buffer, 0, end), buffer[(end + 4)..filled]);
            }
        }
        throw new IOException("no head");
    }

    /// <summary>The request as the service is to see it: its answer ends with the connection.</summary>
    private async Task<byte[]> WholeAsync(NetworkStream stream, (string Text, byte[] Begun) head)
    {
        var lines = head.Text.Split("\r\n").ToList();
        var length = lines.Find(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) is { } says
            ? int.Parse(says.AsSpan(15).Trim(), NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        if (lines.RemoveAll(l => l.StartsWith("Expect:", StringComparison.OrdinalIgnoreCase)) > 0)
        {
            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
        }
        lines.RemoveAll(l => l.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase));
        var top = Encoding.Latin1.GetBytes(string.Join("\r\n", lines) + "\r\nConnection: close\r\n\r\n");
        var whole = new byte[top.Length + length];
        top.CopyTo(whole, 0);
        head.Begun.CopyTo(whole, top.Length);
        await stream.ReadExactlyAsync(whole.AsMemory(top.Length + head.Begun.Length), _stop.Token);
        return whole;
    }

    private static int BodyOf(byte[] message) => message.AsSpan().IndexOf("\r\n\r\n"u8) is >= 0 and var end ? message.Length - end - 4 : 0;

    private static void Cut(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }
}
