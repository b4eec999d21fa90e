using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pipeline.Ingest.Formats;

/// <summary>`dd/MMM/yyyy:HH:mm:ss +HHmm`, remembering the last date and offset: neighbouring lines share them.</summary>
internal struct LogClock
{
    public const int Length = 26;

    private ulong _date0, _date1, _offset0;
    private long _day, _offset;

    /// <summary>µs since 1970 UTC of exactly <see cref="Length"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(ReadOnlySpan<byte> text, out long micros)
    {
        // Bytes 0-11 are the date with its colon, 20-25 the blank and the offset.
        var date0 = BinaryPrimitives.ReadUInt64LittleEndian(text);
        var date1 = BinaryPrimitives.ReadUInt64LittleEndian(text[4..]);
        var offset0 = BinaryPrimitives.ReadUInt64LittleEndian(text[18..]) >> 16;
        micros = 0;
        if (((date0 != _date0 || date1 != _date1) && !RememberDate(text, date0, date1))
            || (offset0 != _offset0 && !RememberOffset(text, offset0)))
        {
            return false;
        }
        var time = Timestamps.TimeOfDay(text[12..]);
        micros = _day + time - _offset;
        return time >= 0 && Timestamps.InRange(micros);
    }

    private bool RememberDate(ReadOnlySpan<byte> text, ulong date0, ulong date1)
    {
        var day = Timestamps.LogDate(text[..11]);
        if (day == long.MinValue || text[11] != ':')
        {
            return false;
        }
        (_date0, _date1, _day) = (date0, date1, day);
        return true;
    }

    private bool RememberOffset(ReadOnlySpan<byte> text, ulong offset0)
    {
        var offset = Timestamps.Offset(text[21..Length]);
        if (offset == long.MinValue || text[20] != ' ')
        {
            return false;
        }
        (_offset0, _offset) = (offset0, offset);
        return true;
    }
}

/// <summary>`yyyy-MM-dd` and `HH:mm:ss` with an optional fraction, remembering the last date.</summary>
internal struct IsoClock
{
    private ulong _date0, _date1;
    private long _day;

    /// <summary>W3C fields, which are UTC whatever the server's zone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(ReadOnlySpan<byte> date, ReadOnlySpan<byte> time, out long micros)
    {
        micros = 0;
        if (time.Length < 8 || !TryDay(date))
        {
            return false;
        }
        var inDay = Timestamps.TimeOfDay(time);
        micros = _day + inDay;
        if (time.Length > 8)
        {
            micros += Timestamps.Fraction(time[8..], out var length);
            if (length != time.Length - 8)
            {
                return false;
            }
        }
        return inDay >= 0 && Timestamps.InRange(micros);
    }

    /// <summary>`yyyy-MM-ddTHH:mm:ss`, then optionally a fraction, then `Z`, an offset, or nothing: Azure leaves the Z out at times and
    /// means UTC.</summary>
    public bool TryRead(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.Length < 19 || text[10] != 'T' || !TryDay(text[..10]))
        {
            return false;
        }
        var inDay = Timestamps.TimeOfDay(text[11..]);
        var rest = text[19..];
        micros = _day + inDay + Timestamps.Fraction(rest, out var length);
        if (inDay < 0 || length < 0)
        {
            return false;
        }
        rest = rest[length..];
        if (!rest.IsEmpty && !(rest.Length == 1 && rest[0] == 'Z'))
        {
            var offset = rest.Length == 6 ? Timestamps.Offset(rest) : long.MinValue;
            if (offset == long.MinValue)
            {
                return false;
            }
            micros -= offset;
        }
        return Timestamps.InRange(micros);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryDay(ReadOnlySpan<byte> date)
    {
        if (date.Length != 10)
        {
            return false;
        }
        var date0 = BinaryPrimitives.ReadUInt64LittleEndian(date);
        var date1 = BinaryPrimitives.ReadUInt64LittleEndian(date[2..]);
        return (date0 == _date0 && date1 == _date1) || Remember(date, date0, date1);
    }

    private bool Remember(ReadOnlySpan<byte> date, ulong date0, ulong date1)
    {
        var day = Timestamps.IsoDate(date);
        if (day == long.MinValue)
        {
            return false;
        }
        (_date0, _date1, _day) = (date0, date1, day);
        return true;
    }
}
