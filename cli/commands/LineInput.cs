namespace Pipeline.Cli.Commands;

/// <summary>
/// Lines of a stream that may have no end, each as soon as it is there. Of a line without an end is held what a parser looks at, and a
/// little more; its length is counted to its end.
/// The last line may lack its terminator.
/// </summary>
internal sealed class LineInput(Stream input)
{
    /// <summary>Held of one line, in bytes: enough to be seen as too long.</summary>
    private const int Most = 66_000;

    private readonly byte[] _buffer = new byte[2 * Most];
    private int _at, _end;

    /// <summary>What was read and is not yet given out.</summary>
    public ReadOnlyMemory<byte> Held => _buffer.AsMemory(_at, _end - _at);

    /// <summary>Reads on, behind what is held. False at the stream's end, or where nothing more can be held.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken stop)
    {
        if (_at > 0)
        {
            Held.CopyTo(_buffer);
            (_at, _end) = (0, _end - _at);
        }
        var read = _end == _buffer.Length ? 0 : await input.ReadAsync(_buffer.AsMemory(_end), stop);
        _end += read;
        return read > 0;
    }

    /// <summary>The next line without its terminator, or its first part, and the length of the whole; null at the end. The bytes are valid
    /// until the next call.</summary>
    public async ValueTask<(ReadOnlyMemory<byte> Bytes, long Length)?> NextAsync(CancellationToken stop)
    {
        int end, seen = 0;
        while ((end = Held.Span[seen..].IndexOf((byte)'\n')) < 0 && Held.Length < Most)
        {
            seen = Held.Length;
            if (!await FillAsync(stop))
            {
                var last = Held;
                _at = _end;
                return last.IsEmpty ? null : (last, last.Length);
            }
        }
        if (end >= 0)
        {
            var line = Held[..(seen + end)];
            _at += line.Length + 1;
            return (line, line.Length);
        }
        return await CutAsync(stop);
    }

    private async Task<(ReadOnlyMemory<byte> Bytes, long Length)?> CutAsync(CancellationToken stop)
    {
        ReadOnlyMemory<byte> first = Held.ToArray();
        var length = (long)first.Length;
        _at = _end;
        while (await FillAsync(stop))
        {
            var end = Held.Span.IndexOf((byte)'\n');
            length += end < 0 ? Held.Length : end;
            _at += end < 0 ? Held.Length : end + 1;
            if (end >= 0)
            {
                break;
            }
        }
        return (first, length);
    }
}
