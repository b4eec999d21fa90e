using System.Globalization;

namespace Pipeline.Core.Records;

/// <summary>
/// What verification compares: how many rows, and the sum of their keyed 128-bit hashes modulo 2^128 (rule 26).
/// Addition, so that two equal rows that vanish are seen; XOR would not see them.
/// </summary>
public readonly record struct Sums(long Rows, UInt128 Hash)
{
    public static readonly Sums Zero;

    public static Sums operator +(Sums a, Sums b) => new(a.Rows + b.Rows, unchecked(a.Hash + b.Hash));

    public static Sums operator -(Sums a, Sums b) => new(a.Rows - b.Rows, unchecked(a.Hash - b.Hash));

    public static Sums Of(IEnumerable<Sums> parts) => parts.Aggregate(Zero, (a, b) => a + b);

    /// <summary>32 lower-case hex digits, most significant first.</summary>
    public string HashHex => Hash.ToString("x32", CultureInfo.InvariantCulture);

    public static UInt128 ParseHash(string hex) => UInt128.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
