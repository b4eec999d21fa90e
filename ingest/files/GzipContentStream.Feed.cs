namespace Pipeline.Ingest.Files;

/// <summary>How the file's bytes reach the decompressor, so that what follows a member is known to the byte.</summary>
public sealed partial class GzipContentStream
{
    /// <summary>
    /// Hands the file to DeflateStream in pieces of which the last is remembered. Single bytes are given at a member's start (it may be
    /// empty) and at the file's end.
    /// </summary>
    private sealed class Feed(Stream raw) : ForwardStream
    {
        private const int Slow = 64, Piece = 8_192;

        private readonly byte[] _bytes = new byte[64 * 1024];
        private int _at, _end, _lastAt, _slow;
        private bool _rawEnded;

        /// <summary>DeflateStream asked for more than there is.</summary>
        public bool Ended { get; private set; }

        public int LastWas { get; private set; }

        public void BeginMember() => (_slow, LastWas, _lastAt) = (Slow, 0, _at);

        public int Take() => Fill(1) ? _bytes[_at++] : -1;

        public bool TryTake(Span<byte> into)
        {
            foreach (ref var b in into)
            {
                var next = Take();
                if (next < 0)
                {
                    return false;
                }
                b = (byte)next;
            }
            return true;
        }

        /// <summary>The last piece that was given, and at least 8 bytes after it where the file has them.</summary>
        public ReadOnlySpan<byte> LastPiece(out bool fileEnds)
        {
            Fill(8);
            fileEnds = _rawEnded;
            return _bytes.AsSpan(_lastAt, Math.Min(_at + 8, _end) - _lastAt);
        }

        public void ContinueAfterLast(int length) => _at = _lastAt + length;

        public override int Read(Span<byte> buffer)
        {
            // The piece must not reach into the file's last bytes: these are given one by one.
            Fill(Piece + Slow);
            var there = _end - _at;
            if (there == 0)
            {
                Ended = true;
                return 0;
            }
            var length = 1;
            if (_slow > 0)
            {
                _slow--;
            }
            else
            {
                length = Math.Clamp(there - Slow, 1, Math.Min(Piece, buffer.Length));
            }
            _bytes.AsSpan(_at, length).CopyTo(buffer);
            (_lastAt, LastWas) = (_at, length);
            _at += length;
            return length;
        }

        /// <summary>Makes at least <paramref name="wanted"/> bytes ready, unless the file ends before; false where there is none. The last
        /// piece stays in the buffer.</summary>
        private bool Fill(int wanted)
        {
            if (_end - _at < wanted && !_rawEnded)
            {
                var keep = Math.Min(_lastAt, _at);
                keep = _at - keep > Piece ? _at : keep;
                _bytes.AsSpan(keep, _end - keep).CopyTo(_bytes);
                (_at, _end, _lastAt) = (_at - keep, _end - keep, Math.Max(0, _lastAt - keep));
                while (_end < _bytes.Length && !_rawEnded)
                {
                    var read = raw.Read(_bytes.AsSpan(_end));
                    _end += read;
                    _rawEnded = read == 0;
                }
            }
            return _end > _at;
        }
    }
}
