namespace Pipeline.Core.Table;

/// <summary>
/// The parts of an object that were read from the store, as the seekable stream that Parquet.Net wants. Everything is in memory, so nothing here waits. Where the library would
/// read 0xFF for ever at an end, or follow a damaged page's negative length back in a circle, this stream throws: reading outside of the parts, and going back within a column.
/// </summary>
internal sealed class SegmentWindow(long length) : Stream
{
    private long _partStart;
    private byte[] _part = [];
    private long _position;
    private bool _onlyForward;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>Shows <paramref name="part"/>, which lies at <paramref name="start"/>, instead of what was shown; a column's part is only read forward.</summary>
    public void Show(long start, byte[] part, bool onlyForward)
    {
        _onlyForward = false;
        _partStart = start;
        _part = part;
        _position = start;
        _onlyForward = onlyForward;
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        var to = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => length + offset,
        };
        if (to < 0 || to > length || _onlyForward && to < _position)
        {
            throw new InvalidDataException("a position that goes back or out of the file");
        }
        return _position = to;
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }
        if (_position < SegmentChecks.Magic.Length && _partStart > 0)
        {
            // The first four bytes are not worth a round trip to the store: no reader needs them.
            var head = SegmentChecks.Magic[(int)_position..];
            var few = Math.Min(buffer.Length, head.Length);
            head[..few].CopyTo(buffer);
            _position += few;
            return few;
        }
        var at = _position - _partStart;
        if (at < 0 || at >= _part.Length)
        {
            throw new EndOfStreamException("a position outside of the column or footer");
        }
        var count = (int)Math.Min(buffer.Length, _part.Length - at);
        _part.AsSpan((int)at, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        ReadExactly(one);
        return one[0];
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
