using System.Globalization;
using System.Text;

namespace Pipeline.Worlds;

/// <summary>The time part of `combined` lines, rendered anew only when the second changes.</summary>
internal sealed class SecondText(long startSecond)
{
    /// <summary>`02/Nov/2026:00:01:58 +0000] "`</summary>
    public const int Length = 29;

    private readonly byte[] _text = new byte[Length];
    private long _second = -1;
    private long _day = -1;

    public void CopyTo(long second, Span<byte> to)
    {
        if (second != _second)
        {
            Render(second);
        }
        _text.AsSpan(0, Length).CopyTo(to);
    }

    private void Render(long second)
    {
        _second = second;
        var (day, inDay) = Math.DivRem(startSecond + second, 86_400);
        if (day != _day)
        {
            _day = day;
            Encoding.ASCII.GetBytes(Calendar.At(day * Calendar.Day).ToString("dd/MMM/yyyy", CultureInfo.InvariantCulture)
                + ":00:00:00 +0000] \"", _text);
        }
        Two(12, inDay / 3600);
        Two(15, inDay / 60 % 60);
        Two(18, inDay % 60);
    }

    private void Two(int at, long value)
    {
        _text[at] = (byte)('0' + value / 10);
        _text[at + 1] = (byte)('0' + value % 10);
    }
}
