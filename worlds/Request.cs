namespace Pipeline.Worlds;

/// <summary>A client's address as the log shows it and the network that counts as one: itself for IPv4, the /64 for IPv6.</summary>
internal readonly record struct ClientAddress(string Text, string Network)
{
    public bool IsV6 => Text.Contains(':', StringComparison.Ordinal);
}

/// <summary>One request that reached an endpoint, with its true classification.</summary>
/// <param name="Query">Without `?`; empty when there is none.</param>
/// <param name="Agent">The user agent; empty when there is none.</param>
/// <param name="Value">The version or the prefix that its record has, if any.</param>
/// <param name="Install">The install that made it, or -1.</param>
internal sealed record Request(
    long Micros, ClientAddress Address, string Method, string Path, string Query, string Agent, int Status, Outcome Outcome,
        string? Value = null, int Install = -1)
{
    public string Protocol { get; init; } = "HTTP/1.1";

    /// <summary>0: the time is written as it is; else which of the format's ways to spoil it.</summary>
    public int TimeDefect { get; init; }
}
