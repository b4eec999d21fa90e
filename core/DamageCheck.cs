using System.IO.Hashing;

namespace Pipeline.Core;

/// <summary>
/// The check that a document carries in itself: 32 hex digits of the XXH3-128 of its bytes, taken while those digits were zeros. It finds
/// damage, not forgery:
/// whoever can write the store can write the check. Used where nothing else names the document's hash yet, such as the newest entry of a
/// log.
/// </summary>
public static class DamageCheck
{
    /// <summary>How many digits it has.</summary>
    public const int Length = 32;

    /// <summary>The member of a JSON document.</summary>
    public const string Member = "check";

    /// <summary>The digits before they are filled in.</summary>
    public static readonly string Blank = new('0', Length);

    private static ReadOnlySpan<byte> Named => "\"check\":"u8;

    /// <summary>Fills in the digits at <paramref name="at"/>, which are <see cref="Blank"/> so far.</summary>
    public static void Fill(Span<byte> document, int at)
    {
        var hash = XxHash128.HashToUInt128(document);
        Write(hash, document.Slice(at, Length));
    }

    /// <summary>Fills in the first member `check` of a JSON document, whose value is <see cref="Blank"/> so far.</summary>
    public static byte[] FillJson(byte[] document)
    {
        Fill(document, Find(document) ?? throw new InvalidOperationException("a document without a check"));
        return document;
    }

    /// <summary>Whether a JSON document is as it was written. Null: it carries no check.</summary>
    public static bool? HoldsJson(ReadOnlySpan<byte> document) => Find(document) is { } at ? Holds(document, at) : null;

    /// <summary>Whether a document with its digits at <paramref name="at"/> is as it was written.</summary>
    public static bool Holds(ReadOnlySpan<byte> document, long at)
    {
        var reader = new Reader(at);
        reader.Append(document);
        return reader.Holds();
    }

    private static void Write(UInt128 hash, Span<byte> digits) => System.Text.Encoding.ASCII.GetBytes(
        hash.ToString("x32", System.Globalization.CultureInfo.InvariantCulture), digits);

    /// <summary>Where the digits of the first member `check` begin.</summary>
    private static int? Find(ReadOnlySpan<byte> document)
    {
        var at = document.IndexOf(Named);
        if (at < 0)
        {
            return null;
        }
        at += Named.Length;
        while (at < document.Length && document[at] is (byte)' ')
        {
            at++;
        }
        return at + 1 + Length < document.Length ? at + 1 : null;
    }

    /// <summary>The same of a document that is read piece by piece.</summary>
    /// <param name="at">Where the digits begin.</param>
    public sealed class Reader(long at)
    {
        private readonly XxHash128 _hash = new();
        private readonly byte[] _digits = new byte[Length];
        private long _read;

        /// <summary>The next piece.</summary>
        public void Append(ReadOnlySpan<byte> piece)
        {
            var from = Math.Clamp(at - _read, 0, piece.Length);
            var to = Math.Clamp(at + Length - _read, 0, piece.Length);
            _hash.Append(piece[..(int)from]);
            if (to > from)
            {
                piece[(int)from..(int)to].CopyTo(_digits.AsSpan((int)(_read + from - at)));
                _hash.Append(System.Text.Encoding.ASCII.GetBytes(Blank).AsSpan(0, (int)(to - from)));
            }
            _hash.Append(piece[(int)to..]);
            _read += piece.Length;
        }

        /// <summary>Whether all that was appended is as it was written.</summary>
        public bool Holds()
        {
            Span<byte> expected = stackalloc byte[Length];
            Write(_hash.GetCurrentHashAsUInt128(), expected);
            return expected.SequenceEqual(_digits);
        }
    }
}
