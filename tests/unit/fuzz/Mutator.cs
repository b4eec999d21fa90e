namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>Writes inputs one behind the other into a buffer that is used again and again: an entry of the corpus, hurt up to six times.
/// Allocates nothing once it is warm.</summary>
internal sealed class Mutator
{
    /// <summary>Beyond this no input grows, but for those that are made over-long.</summary>
    private const int MaxLength = 4096, OverLong = 65_600;

    private byte[] _buffer = new byte[1 << 20];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Appends a line with its end, and counts as one input, whatever line ends it got within.</summary>
    public void AddLine(Chooser choose, byte[][] corpus)
    {
        var start = Length;
        Append(choose.Once(40) ? Corpus.Nasty[choose.Below(Corpus.Nasty.Length)] : corpus[choose.Below(corpus.Length)]);
        for (var wounds = choose.Below(7) - choose.Below(3); wounds > 0; wounds--)
        {
            Hurt(start, choose, corpus);
        }
        if (choose.Once(20_000))
        {
            Grow(start, OverLong + choose.Below(3) - 64);
        }
        Append(choose.Once(12) ? "\r\n"u8 : "\n"u8);
    }

    public void AddBytes(ReadOnlySpan<byte> bytes) => Append(bytes);

    /// <summary>Hurts what was written since <paramref name="start"/>, once.</summary>
    public void Hurt(int start, Chooser choose, byte[][] corpus)
    {
        var length = Length - start;
        if (length == 0 || length > MaxLength)
        {
            Append(Corpus.Tokens[choose.Below(Corpus.Tokens.Length)]);
            return;
        }
        var at = start + choose.Below(length);
        switch (choose.Below(9))
        {
            case 0:
                _buffer[at] ^= (byte)(1 << choose.Below(8));
                break;
            case 1:
                _buffer[at] = (byte)choose.Below(256);
                break;
            case 2:
                Insert(at, Corpus.Tokens[choose.Below(Corpus.Tokens.Length)]);
                break;
            case 3:
                var token = Corpus.Tokens[choose.Below(Corpus.Tokens.Length)];
                token.AsSpan(0, Math.Min(token.Length, Length - at)).CopyTo(_buffer.AsSpan(at));
                break;
            case 4:
                Remove(at, 1 + choose.Below(Math.Min(24, Length - at)));
                break;
            case 5:
                Length = at;
                break;
            case 6:
                Repeat(at, 1 + choose.Below(Math.Min(32, Length - at)), 1 + choose.Below(choose.Once(8) ? 40 : 2));
                break;
            case 7:
                // The head of one and the tail of another.
                var other = corpus[choose.Below(corpus.Length)];
                Length = at;
                Append(other.AsSpan(Math.Min(other.Length, choose.Once(2) ? at - start : choose.Below(other.Length + 1))));
                break;
            default:
                Extreme(at, choose);
                break;
        }
    }

    /// <summary>The number that begins at or after a place becomes one at an edge.</summary>
    private void Extreme(int at, Chooser choose)
    {
        var digit = _buffer.AsSpan(at, Length - at).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (digit < 0)
        {
            return;
        }
        at += digit;
        var end = _buffer.AsSpan(at, Length - at).IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        var digits = end < 0 ? Length - at : end;
        switch (choose.Below(4))
        {
            case 0:
                _buffer.AsSpan(at, digits).Fill((byte)'9');
                break;
            case 1:
                _buffer.AsSpan(at, digits).Fill((byte)'0');
                break;
            case 2:
                Insert(at, "0000000000"u8[..(1 + choose.Below(10))]);
                break;
            default:
                Insert(at + digits, "99999999999999999999"u8[..(1 + choose.Below(20))]);
                break;
        }
    }

    private void Grow(int start, int length)
    {
        while (Length - start < length && Length > start)
        {
            Append(_buffer.AsSpan(start, Math.Min(Length - start, length - (Length - start))));
        }
    }

    private void Repeat(int at, int count, int times)
    {
        Room(count * times);
        for (; times > 0; times--)
        {
            Shift(at + count, count);
            _buffer.AsSpan(at, count).CopyTo(_buffer.AsSpan(at + count));
        }
    }

    private void Insert(int at, ReadOnlySpan<byte> bytes)
    {
        Room(bytes.Length);
        Shift(at, bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(at));
    }

    private void Shift(int at, int by)
    {
        _buffer.AsSpan(at, Length - at).CopyTo(_buffer.AsSpan(at + by));
        Length += by;
    }

    private void Remove(int at, int count)
    {
        _buffer.AsSpan(at + count, Length - at - count).CopyTo(_buffer.AsSpan(at));
        Length -= count;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > _buffer.Length)
        {
            var larger = new byte[Math.Max(_buffer.Length * 2, Length + bytes.Length)];
            Bytes.CopyTo(larger);
            bytes.CopyTo(larger.AsSpan(Length));
            _buffer = larger;
        }
        else
        {
            bytes.CopyTo(_buffer.AsSpan(Length));
        }
        Length += bytes.Length;
    }

    private void Room(int bytes)
    {
        if (Length + bytes > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + bytes));
        }
    }
}
