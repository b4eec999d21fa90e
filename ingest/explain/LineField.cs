namespace Pipeline.Ingest.Explain;

/// <summary>What a part of a line is to the pipeline. Where the source has a `client-address`, the address is the peer's, and the clients'
/// are beside it.</summary>
internal enum Part { Undeclared, Whole, Time, Address, Peer, Clients, Method, Path, Query, Agent }

/// <summary>One part of a line, by a name that is never taken from the line itself.</summary>
internal readonly record struct LineField(string Name, Part Part, byte[] Text);
