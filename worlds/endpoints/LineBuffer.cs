using System.Text;

namespace Pipeline.Worlds;

/// <summary>Bytes of lines, appended.</summary>
internal sealed class LineBuffer
{
    private byte[] _bytes = new byte[1 << 16];

    public int Length { get; set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public LineBuffer Put(string text)
    {
        Reserve(text.Length * 3);
        Length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(Length));
        return this;
    }

    public LineBuffer Put(byte value, int times = 1)
    {
        Reserve(times);
        _bytes.AsSpan(Length, times).Fill(value);
        Length += times;
        return this;
    }

    private void Reserve(int more)
    {
        if (Length + more > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(Length + more, _bytes.Length * 2));
        }
    }
}
