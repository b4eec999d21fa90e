using System.Globalization;
using System.Runtime.CompilerServices;

namespace Pipeline.Core.Records;

/// <summary>
/// What verification compares: how many rows, and the sum of their keyed 128-bit hashes modulo 2^128 (rule 26).
/// Addition, so that two equal rows that vanish are seen; XOR would not see them. The sum is kept as two numbers, because what has one of
/// 128 bits in its fields or in a signature
/// is left to be compiled when it is first called.
/// </summary>
public readonly record struct Sums
{
    public static readonly Sums Zero;

    private readonly ulong _high, _low;

    public Sums(long rows, UInt128 hash) : this(rows, (ulong)(hash >> 64), (ulong)hash)
    {
    }

    /// <param name="high">The upper half of the sum.</param>
    public Sums(long rows, ulong high, ulong low) => (Rows, _high, _low) = (rows, high, low);

    public long Rows { get; init; }

    public UInt128 Hash
    {
        get => new(_high, _low);
        init => (_high, _low) = ((ulong)(value >> 64), (ulong)value);
    }

    /// <summary>32 lower-case hex digits, most significant first.</summary>
    public string HashHex => string.Create(CultureInfo.InvariantCulture, $"{_high:x16}{_low:x16}");

    public static Sums operator +(Sums a, Sums b)
    {
        var low = unchecked(a._low + b._low);
        return new(a.Rows + b.Rows, unchecked(a._high + b._high + (low < a._low ? 1UL : 0)), low);
    }

    public static Sums operator -(Sums a, Sums b) =>
        new(a.Rows - b.Rows, unchecked(a._high - b._high - (a._low < b._low ? 1UL : 0)), unchecked(a._low - b._low));

    public static Sums Of(IEnumerable<Sums> parts) => parts.Aggregate(Zero, (a, b) => a + b);

    /// <summary>Rows, and a sum that is written as hex digits.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    /// <exception cref="OverflowException">It has more than 128 bits.</exception>
    public static Sums Parse(long rows, string hex) => hex.Length == 32
        ? new(rows, ulong.Parse(hex.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ulong.Parse(hex.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
        : ParseUnusual(rows, hex);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Sums ParseUnusual(long rows, string hex) => new(rows,
        UInt128.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
}
