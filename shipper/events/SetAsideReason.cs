namespace Pipeline.Shipper.Events;

/// <summary>Why a message was set aside: a closed list, for counters and logs.</summary>
public static class SetAsideReason
{
    /// <summary>Empty, not a capture, or its header cannot be read.</summary>
    public const string Unparsable = "unparsable";
    /// <summary>A capture of another store (rule 9).</summary>
    public const string ForeignStore = "foreign-store";
    /// <summary>A capture made under another key (rule 28).</summary>
    public const string ForeignKey = "foreign-key";
    /// <summary>
    /// It says our store and key, and its code does not prove it: forged, changed, or of 0.1.0, which had no code. Catch-up brings what is
    /// ours.
    /// </summary>
    public const string Unauthenticated = "unauthenticated";
    /// <summary>Its header is ours, and its blocks are not what the header was made with.</summary>
    public const string Damaged = "damaged";
    /// <summary>It says that it is of a later version: were it ours, catch-up would find it in the store and stop there.</summary>
    public const string LaterVersion = "later-version";
    /// <summary>The message's key is not the shard that the capture names.</summary>
    public const string WrongKey = "wrong-key";
    /// <summary>What the table took and what the message says cannot both be true: the capture store decides.</summary>
    public const string Contradiction = "contradiction";

    public static IReadOnlyList<string> All { get; } =
        [Unparsable, ForeignStore, ForeignKey, Unauthenticated, Damaged, LaterVersion, WrongKey, Contradiction];
}
