namespace Pipeline.Core.Captures;

/// <summary>
/// A file that begins as another one that was read, and goes on otherwise: the same log after it lost its end, was restored or edited.
/// Its first read begins where the two part, so that nothing before is captured twice.
/// </summary>
/// <param name="Of">The identity of the other file.</param>
/// <param name="Doubt">Lines that begin before this offset may be lines of the other file that are captured already. Null: no line is in
/// doubt.</param>
public sealed record FileBranch(string Of, long? Doubt = null);

/// <summary>Notes that tell of a possible double, which no record shows: counted in lines per source, shown by `status` and
/// `verify`.</summary>
public static class DoubleNotes
{
    /// <summary>Lines of a file that went back, which may be captured already: see <see cref="FileBranch.Doubt"/>.</summary>
    public const string Rewound = "rewound";

    public static IReadOnlyList<string> All { get; } = [Rewound];
}
