using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Ingest.Push;

/// <summary>
/// What stands before the web server: each connection is counted from its first byte on, before TLS, and cut when nobody has logged in on
/// it in time.
/// Says why connections were cut as a count and never by address.
/// </summary>
internal sealed class PushDoor(PushConnectionLimits limits, TimeProvider time, Action<string>? closed)
{
    /// <summary>Why a connection was cut, or was not let in. There are these and no others.</summary>
    public const string Full = "full", Displaced = "displaced", NoLogin = "no-login";

    private static readonly object Place = new();

    private readonly PushConnections _connections = new(limits);

    public static IReadOnlyList<string> Reasons { get; } = [Full, Displaced, NoLogin];

    /// <summary>How many connections are open.</summary>
    public int Count => _connections.Count;

    /// <summary>A push was let in on this request's connection: from now on it may stay idle as long as the server allows.</summary>
    public void LogIn(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(Place, out var found) == true
            && found is PushConnection connection)
        {
            _connections.LogIn(connection);
        }
    }

    /// <summary>Runs a connection to its end. For the server's list of connection middleware, before TLS.</summary>
    public async Task PassAsync(ConnectionContext context, ConnectionDelegate next)
    {
        var address = (context.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var connection = _connections.Enter(address, () => Cut(context), out var displaced);
        if (displaced is not null)
        {
            closed?.Invoke(Displaced);
            displaced.Abort();
        }
        if (connection is null)
        {
            closed?.Invoke(Full);
            Cut(context);
            return;
        }
        context.Items[Place] = connection;
        using var bound = time.CreateTimer(_ => Expire(connection), null, limits.LogInWithin, Timeout.InfiniteTimeSpan);
        try
        {
            await next(context);
        }
        finally
        {
            _connections.Leave(connection);
        }
    }

    private void Expire(PushConnection connection)
    {
        if (_connections.Expire(connection))
        {
            closed?.Invoke(NoLogin);
            connection.Abort();
        }
    }

    private static void Cut(ConnectionContext context) =>
        context.Abort(new ConnectionAbortedException("the endpoint closed the connection"));
}
