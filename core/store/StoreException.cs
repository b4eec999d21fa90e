namespace Pipeline.Core.Store;

/// <summary>Why a store did not answer; decides the exit code and whether trying again can help.</summary>
public enum StoreFault
{
    /// <summary>Cannot be reached, timed out, busy: try again (exit 5).</summary>
    Outage,
    /// <summary>No room left: try again once there is (exit 5).</summary>
    Full,
    /// <summary>Not permitted, not a store, wrong identity: trying again does not help (exit 4 or 78).</summary>
    Refused,
}

/// <summary>The store did not answer. For a put the outcome is unknown: the object may be there.</summary>
public sealed class StoreException : Exception
{
    public StoreException(StoreFault fault, string message, Exception? inner = null) : base(message, inner) => Fault = fault;

    public StoreFault Fault { get; }
}
