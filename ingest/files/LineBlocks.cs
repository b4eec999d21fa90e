using System.Buffers;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>
/// Cuts a file's content into blocks of whole lines: 1 read — 2 cut after the last '\n' — 3 take the position along. One thread at a time.
/// What follows the last '\n' is no line (rule 29) and stays <see cref="Pending"/> until the caller says that it is final.
/// A line of 1 MiB or more is cut to a little over 64 KiB in its block, so that memory is bounded and the parser still finds it too long;
/// the position advances by its true bytes.
/// </summary>
public sealed class LineBlocks : IDisposable
{
    /// <summary>Bytes before a position that its check is the hash of (rule 34).</summary>
    public const int CheckedBytes = 128;

    private const int KeptOfLongLine = SourceBlock.MaxLineBytes + 64;
    private const int MinBuffer = 4_096;

    private readonly Stream _content;
    private readonly FilePosition _position;
    private readonly byte[] _before = new byte[EarlierCheck.Window];
    private int _beforeLength;
    private byte[]? _buffer;
    private int _length;
    private int _wanted;
    private long _dropped;
    private int _rest;

    /// <param name="content">The file's (decompressed) content, positioned at <paramref name="from"/>.</param>
    /// <param name="from">The position to go on from; null at the file's start.</param>
    /// <param name="before">The up to 128 bytes before that position.</param>
    /// <param name="expected">About how many bytes there are to read, so that a few do not take a whole buffer.</param>
    public LineBlocks(Stream content, FileReading file, FileCursor? from, ReadOnlySpan<byte> before, long expected = long.MaxValue)
    {
        _content = content;
        _position = new FilePosition(file, from);
        _wanted = (int)Math.Clamp(expected == long.MaxValue ? expected : expected + 1, MinBuffer, SourceBlock.MaxBytes);
        Remember(before);
    }

    /// <summary>Where the next block begins.</summary>
    public long Offset => _position.Offset;

    /// <summary>Physical lines before <see cref="Offset"/>.</summary>
    public long Line => _position.Line;

    /// <summary>After <see cref="Next"/> returned null: bytes after the last '\n'.</summary>
    public long Pending => _length + _dropped;

    /// <summary>The position after the last block; null before the first.</summary>
    public FileCursor? Cursor => _position.Cursor;

    /// <summary>Lines so far that may be captured already (<see cref="DoubleNotes"/>).</summary>
    public long PossibleDoubles => _position.PossibleDoubles;

    /// <summary>The next block, or null where the content ends: then <paramref name="final"/> gives what is pending as a last, unterminated
    /// line. Where the content grew meanwhile it goes on.</summary>
    public SourceBlock? Next(bool final = false)
    {
        while (true)
        {
            var ended = !Fill();
            var all = _buffer.AsSpan(0, _length);
            if (_dropped > 0)
            {
                return ended && !final ? null : EndLongLine(unterminated: ended);
            }
            var cut = all.LastIndexOf((byte)'\n') + 1;
            if (cut > 0)
            {
                return Block(cut, ended);
            }
            if (ended && final && _length > 0)
            {
                return Block(_length, ended);
            }
            if (ended)
            {
                // Where a file begins that parts from another is captured also where no line follows yet.
                return _position.Begins ? Block(0, ended) : null;
            }
            BeginLongLine();
        }
    }

    public void Dispose()
    {
        if (_buffer is { } buffer)
        {
            _buffer = null;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads until the buffer is full; false where the content ended before.</summary>
    private bool Fill()
    {
        _buffer ??= ArrayPool<byte>.Shared.Rent(_wanted);
        while (true)
        {
            var capacity = Math.Min(_buffer.Length, SourceBlock.MaxBytes);
            if (_length == capacity)
            {
                if (capacity == SourceBlock.MaxBytes)
                {
                    return true;
                }
                // Few bytes were expected and more came.
                var larger = ArrayPool<byte>.Shared.Rent(Math.Min(capacity * 8, SourceBlock.MaxBytes));
                _buffer.AsSpan(0, _length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
                continue;
            }
            var read = _dropped > 0 ? SkipLongLine() : _content.Read(_buffer.AsSpan(_length, capacity - _length));
            if (read == 0)
            {
                return false;
            }
            if (read < 0)
            {
                return true;
            }
            _length += _dropped > 0 ? 0 : read;
        }
    }

    /// <summary>A whole buffer without a '\n': what the parser needs of the line is kept, the rest is only counted and remembered for the
    /// check.</summary>
    private void BeginLongLine()
    {
        Remember(_buffer.AsSpan(0, _length));
        _dropped = _length - KeptOfLongLine;
        _length = KeptOfLongLine;
    }

    /// <summary>Reads on within a long line: 0 where the content ends, −1 where the line ended, with what follows it behind the kept
    /// bytes.</summary>
    private int SkipLongLine()
    {
        var space = _buffer.AsSpan(KeptOfLongLine + 1, SourceBlock.MaxBytes - KeptOfLongLine - 1);
        var read = _content.Read(space);
        var end = space[..read].IndexOf((byte)'\n');
        if (end < 0)
        {
            Remember(space[..read]);
            _dropped += read;
            return read;
        }
        Remember(space[..(end + 1)]);
        // The '\n' is counted with the kept bytes.
        _dropped += end;
        _rest = read - end - 1;
        space.Slice(end + 1, _rest).CopyTo(space);
        return -1;
    }

    private SourceBlock EndLongLine(bool unterminated)
    {
        var length = KeptOfLongLine;
        var buffer = _buffer!;
        if (!unterminated)
        {
            buffer[length++] = (byte)'\n';
        }
        var next = TakeOver(buffer.AsSpan(length, unterminated ? 0 : _rest), unterminated);
        var to = Offset + length + _dropped;
        (_dropped, _rest) = (0, 0);
        return Give(buffer, length, to, next);
    }

    private SourceBlock Block(int cut, bool ended)
    {
        var buffer = _buffer!;
        Remember(buffer.AsSpan(0, cut));
        var next = TakeOver(buffer.AsSpan(cut, _length - cut), ended);
        return Give(buffer, cut, Offset + cut, next);
    }

    /// <summary>A new buffer that begins with what belongs to the next block.</summary>
    private (byte[]? Buffer, int Length) TakeOver(ReadOnlySpan<byte> rest, bool ended)
    {
        // At the end of the content there is at most a tail to keep.
        _wanted = ended ? Math.Max(rest.Length, MinBuffer) : SourceBlock.MaxBytes;
        if (rest.IsEmpty)
        {
            return (null, 0);
        }
        var next = ArrayPool<byte>.Shared.Rent(_wanted);
        rest.CopyTo(next);
        return (next, rest.Length);
    }

    private SourceBlock Give(byte[] buffer, int length, long to, (byte[]? Buffer, int Length) next)
    {
        (_buffer, _length) = next;
        return _position.Take(buffer.AsMemory(0, length), to, _before.AsSpan(0, _beforeLength), () =>
            ArrayPool<byte>.Shared.Return(buffer));
    }

    private void Remember(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= EarlierCheck.Window)
        {
            bytes[^EarlierCheck.Window..].CopyTo(_before);
            _beforeLength = EarlierCheck.Window;
            return;
        }
        var kept = Math.Min(_beforeLength, EarlierCheck.Window - bytes.Length);
        _before.AsSpan(_beforeLength - kept, kept).CopyTo(_before);
        bytes.CopyTo(_before.AsSpan(kept));
        _beforeLength = kept + bytes.Length;
    }
}
