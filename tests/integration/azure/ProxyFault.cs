namespace Pipeline.Tests.Integration.Azure;

/// <summary>What happens to one request on its way.</summary>
public abstract record ProxyFault
{
    /// <summary>It passes.</summary>
    public sealed record None : ProxyFault;

    /// <summary>It is answered with this status. <paramref name="After"/>: the service did it before. Code null: as from a gateway, without
    /// the service's own word.</summary>
    public sealed record Answer(int Status, string? Code, bool After) : ProxyFault;

    /// <summary>The connection is reset, before the request's body or, where <paramref name="After"/>, when the service has
    /// answered.</summary>
    public sealed record Reset(bool After) : ProxyFault;

    /// <summary>No answer, until the client gives up. <paramref name="After"/>: the service did it.</summary>
    public sealed record Hang(bool After) : ProxyFault;

    /// <summary>Half of the request's body reaches the service, or where it has none half of the answer's the client; then both are
    /// cut.</summary>
    public sealed record HalfBody : ProxyFault;

    /// <summary>No answer; when the client has given up and <paramref name="Requests"/> more have come, it is delivered.</summary>
    public sealed record Delayed(int Requests) : ProxyFault;

    /// <summary>Every fault there is, for a plan to choose from.</summary>
    public static IReadOnlyList<ProxyFault> All { get; } =
    [
        new Answer(403, "AuthenticationFailed", false), new Answer(403, null, false), new Answer(404, null, false),
            new Answer(409, "BlobAlreadyExists", false), new Answer(409, null, false),
        new Answer(412, "ConditionNotMet", false), new Answer(412, null, true), new Answer(429, null, false),
            new Answer(500, "InternalError", false), new Answer(500, "InternalError", true), new Answer(503, "ServerBusy", false),
            new Answer(503, "ServerBusy", true),
        new Reset(false), new Reset(true), new Hang(false), new Hang(true), new HalfBody(), new Delayed(1), new Delayed(4),
    ];
}

/// <summary>One request as the proxy sees it: its number from 0 in the order of arrival, its method and its path with query.</summary>
public sealed record ProxyRequest(int Number, string Method, string Target)
{
    public bool IsPut => Method == "PUT";
}
