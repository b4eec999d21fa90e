using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Files;

/// <summary>What a file is that was found (rule 34).</summary>
public abstract record FileDecision(string Identity)
{
    /// <summary>It was read before, under whatever name: go on from the cursor.</summary>
    public sealed record Resume(string Identity, FileCursor Cursor) : FileDecision(Identity);

    /// <summary>It was never read. Above ordinal 0, another file with the same first line was: that is reported.</summary>
    public sealed record New(string Identity, int Ordinal) : FileDecision(Identity);

    /// <summary>It begins as a file that was read, and is another one from some place on: the same log set back or edited, or, from 0 on, a
    /// file with the same first line.</summary>
    public sealed record Branch(string Identity, int Ordinal, BranchPoint Point) : FileDecision(Identity);

    /// <summary>Its first line is known, and it ends before the cursor; as far as it goes it is as that file was.</summary>
    /// <param name="Again">How it is read where it must be: as a file that lost its end.</param>
    /// <param name="IsNear">So little of it would be read again that nothing speaks against that.</param>
    public sealed record Shrunk(string Identity, FileCursor Cursor, Branch? Again = null, bool IsNear = false) : FileDecision(Identity);
}

/// <summary>Where a file parts from one that was read.</summary>
/// <param name="Of">That file.</param>
/// <param name="From">Its lines up to here are captured: reading begins here.</param>
/// <param name="Doubt">Lines that begin before this offset may be captured already; null: none may.</param>
/// <param name="Edited">What was read was changed before <paramref name="From"/>, and goes on unchanged there.</param>
/// <param name="Checks">Those of the other file that this one has too, before <paramref name="From"/>.</param>
/// <param name="IsPrefix">Nothing shows that it differs: it only ends sooner.</param>
public sealed record BranchPoint(string Of, long From, long? Doubt, bool Edited, IReadOnlyList<EarlierCheck> Checks, bool IsPrefix)
{
    /// <summary>The same where the other file is there too: then this one is read whole. Where more than the first line is the same, that
    /// is in doubt.</summary>
    public BranchPoint Apart() => this with { From = 0, Doubt = From > 0 ? Math.Max(From, Doubt ?? 0) : null, Edited = false, Checks = [] };
}
