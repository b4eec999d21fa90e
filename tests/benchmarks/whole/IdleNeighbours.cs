using System.Net;
using System.Net.Sockets;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>
/// Connections that are opened, say nothing, and are opened again when they are cut: each from a loopback address of its own.
/// </summary>
internal sealed class IdleNeighbours : IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    public IdleNeighbours(Uri to, int count)
    {
        for (var n = 0; n < count; n++)
        {
            _ = StayAsync(to, new IPAddress([127, 0, 1, (byte)n]), _ended.Token);
        }
    }

    public void Dispose() => _ended.Cancel();

    private static async Task StayAsync(Uri to, IPAddress from, CancellationToken ended)
    {
        var buffer = new byte[64];
        while (!ended.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(to.Host, to.Port, ended);
                while (await socket.ReceiveAsync(buffer, ended) > 0)
                {
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Cut: the next one follows at once.
            }
        }
    }
}
