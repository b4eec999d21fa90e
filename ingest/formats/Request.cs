namespace Pipeline.Ingest.Formats;

/// <summary>A well-formed line while it is looked at: spans of the block, or of scratch memory of the parser. It lives as long as the line
/// does.</summary>
internal ref struct Request
{
    /// <summary>µs since 1970 UTC.</summary>
    public long Micros;

    /// <summary>In the form of <see cref="ClientAddress"/>.</summary>
    public ReadOnlySpan<byte> Address;

    public ReadOnlySpan<byte> Method;

    /// <summary>Without scheme, host and query.</summary>
    public ReadOnlySpan<byte> Path;

    /// <summary>Without the question mark; empty or `-` when there is none.</summary>
    public ReadOnlySpan<byte> Query;

    /// <summary>Empty or `-` when the client has no name.</summary>
    public ReadOnlySpan<byte> Agent;
}
