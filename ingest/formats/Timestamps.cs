using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Formats;

/// <summary>Times in web logs, to µs since 1970 UTC. Finer digits are truncated; accepted are 2010-01-01 ≤ t &lt; 2100-01-01 (rule 29).
/// Second 60 is refused: no web server's clock has it.</summary>
internal static class Timestamps
{
    private const long MicrosPerSecond = 1_000_000;
    private static readonly long First = UtcDay.Of(new DateOnly(2010, 1, 1)).Number * UtcDay.MicrosPerDay;
    private static readonly long End = UtcDay.Of(new DateOnly(2100, 1, 1)).Number * UtcDay.MicrosPerDay;

    public static bool InRange(long micros) => micros >= First && micros < End;

    /// <summary>`HH:mm:ss` in the first eight bytes, to µs; negative when it is none. Works on all eight bytes at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long TimeOfDay(ReadOnlySpan<byte> text)
    {
        // After the XOR a digit is 0 to 9 and a right colon 0; adding sets the high bit of every byte that is more.
        var x = BinaryPrimitives.ReadUInt64LittleEndian(text) ^ 0x3030_3A30_303A_3030;
        if (((x + 0x7676_7F76_767F_7676 | x) & 0x8080_8080_8080_8080) != 0)
        {
            return -1;
        }
        var pairs = x * 10 + (x >> 8);
        uint hour = (byte)pairs, minute = (byte)(pairs >> 24), second = (byte)(pairs >> 48);
        return hour < 24 && minute < 60 && second < 60 ? (hour * 3600 + minute * 60 + second) * MicrosPerSecond : -1;
    }

    /// <summary>`yyyy-MM-dd`, exactly, to the µs at its start; <see cref="long.MinValue"/> when it is none.</summary>
    public static long IsoDate(ReadOnlySpan<byte> text)
    {
        if (text.Length != 10 || text[4] != '-' || text[7] != '-')
        {
            return long.MinValue;
        }
        return Date(Digits(text[..4]), Digits(text[5..7]), Digits(text[8..]));
    }

    /// <summary>`dd/MMM/yyyy`, exactly, with an English month as nginx and Apache write it in any locale.</summary>
    public static long LogDate(ReadOnlySpan<byte> text)
    {
        if (text.Length != 11 || text[2] != '/' || text[6] != '/')
        {
            return long.MinValue;
        }
        var month = "JanFebMarAprMayJunJulAugSepOctNovDec"u8.IndexOf(text[3..6]);
        return month < 0 || month % 3 != 0 ? long.MinValue : Date(Digits(text[7..]), month / 3 + 1, Digits(text[..2]));
    }

    /// <summary>`+HHmm` or `+HH:mm`, exactly, up to 14 hours; <see cref="long.MinValue"/> when it is none.</summary>
    public static long Offset(ReadOnlySpan<byte> text)
    {
        if (text.Length is not (5 or 6) || text[0] is not ((byte)'+' or (byte)'-') || (text.Length == 6 && text[3] != ':'))
        {
            return long.MinValue;
        }
        int hours = Digits(text[1..3]), minutes = Digits(text[^2..]);
        if (hours < 0 || minutes is < 0 or > 59 || hours * 60 + minutes > 14 * 60)
        {
            return long.MinValue;
        }
        var micros = (hours * 60 + minutes) * 60 * MicrosPerSecond;
        return text[0] == '-' ? -micros : micros;
    }

    /// <summary>`.` and digits at the start of the text, to µs; <paramref name="length"/> says how many bytes they are, 0 when there is no
    /// point, −1 when no digit follows it.</summary>
    public static long Fraction(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        if (text.IsEmpty || text[0] != '.')
        {
            return 0;
        }
        long micros = 0;
        var at = 1;
        var unit = 100_000;
        for (; at < text.Length && (uint)(text[at] - '0') <= 9; at++)
        {
            micros += (text[at] - '0') * unit;
            unit /= 10;
        }
        length = at == 1 ? -1 : at;
        return micros;
    }

    /// <summary>Seconds since 1970 with an optional fraction, as nginx writes `$msec`.</summary>
    public static bool TryUnix(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        var seconds = 0L;
        var at = 0;
        for (; at < text.Length && at < 11 && (uint)(text[at] - '0') <= 9; at++)
        {
            seconds = seconds * 10 + (text[at] - '0');
        }
        if (at == 0)
        {
            return false;
        }
        micros = seconds * MicrosPerSecond + Fraction(text[at..], out var length);
        return at + length == text.Length && InRange(micros);
    }

    private static long Date(int year, int month, int day)
    {
        // The year's range leaves a day for offsets on either side; the exact range is checked last.
        if (year is < 2009 or > 2100 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return long.MinValue;
        }
        return UtcDay.Of(new DateOnly(year, month, day)).Number * UtcDay.MicrosPerDay;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        var value = 0;
        foreach (var c in text)
        {
            if ((uint)(c - '0') > 9)
            {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value;
    }
}
