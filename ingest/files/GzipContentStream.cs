using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Pipeline.Ingest.Files;

/// <summary>How the content of a file ended.</summary>
public enum ContentEnd
{
    /// <summary>A plain file, which may grow; or a gzip file of which the end was not reached yet.</summary>
    Open,
    /// <summary>Every member of the gzip file has the CRC and the length it names: the content is final (rule 29).</summary>
    Whole,
    /// <summary>The gzip file ends within a member: it was cut, or is still being written.</summary>
    Cut,
    /// <summary>The gzip file's bytes are not gzip, or its CRC or length does not match.</summary>
    Damaged,
    /// <summary>Bytes that are no gzip member follow the last one.</summary>
    Garbage,
}

/// <summary>
/// The content of a gzip file: its members one after the other. Our own framing round <see cref="DeflateStream"/>, because
/// <see cref="GZipStream"/> takes a file
/// that was cut anywhere, also within its trailer, for a whole one, and says nothing of garbage after a member. Never throws for what the
/// bytes are: it ends, and <see cref="End"/> says how.
/// Memory is bounded whatever the file expands to. The file stays its owner's.
/// </summary>
public sealed partial class GzipContentStream(Stream raw) : ForwardStream
{
    private readonly Feed _feed = new(raw);
    private readonly Crc32 _crc = new();
    private DeflateStream? _member;
    private uint _length;
    private long _position;
    private bool _any;

    public ContentEnd End { get; private set; } = ContentEnd.Open;

    public static bool IsGzip(ReadOnlySpan<byte> head) => head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B, 8]);

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        while (End == ContentEnd.Open && !buffer.IsEmpty)
        {
            if (_member is null && !TryBegin())
            {
                break;
            }
            int read;
            try
            {
                read = _member!.Read(buffer);
            }
            catch (InvalidDataException)
            {
                return Stop(ContentEnd.Damaged);
            }
            if (read > 0)
            {
                _crc.Append(buffer[..read]);
                _length += (uint)read;
                _position += read;
                return read;
            }
            Finish();
        }
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _member?.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Reads a member's header. False at the end of the file, or where no member begins.</summary>
    private bool TryBegin()
    {
        // Zeros between and after members are padding, as gzip(1) takes them.
        int first;
        do
        {
            first = _feed.Take();
        }
        while (first == 0 && _any);
        if (first < 0)
        {
            Stop(_any ? ContentEnd.Whole : ContentEnd.Cut);
            return false;
        }
        if (first != 0x1F)
        {
            Stop(_any ? ContentEnd.Garbage : ContentEnd.Damaged);
            return false;
        }
        Span<byte> header = stackalloc byte[9];
        if (!_feed.TryTake(header))
        {
            Stop(ContentEnd.Cut);
            return false;
        }
        if (header[0] != 0x8B || header[1] != 8)
        {
            Stop(_any ? ContentEnd.Garbage : ContentEnd.Damaged);
            return false;
        }
        if (!TrySkipNames(header[2]))
        {
            Stop(ContentEnd.Cut);
            return false;
        }
        _any = true;
        _crc.Reset();
        _length = 0;
        _feed.BeginMember();
        _member = new DeflateStream(_feed, CompressionMode.Decompress, leaveOpen: true);
        return true;
    }

    private bool TrySkipNames(byte flags)
    {
        if ((flags & 4) != 0)
        {
            Span<byte> length = stackalloc byte[2];
            if (!_feed.TryTake(length))
            {
                return false;
            }
            for (var left = BinaryPrimitives.ReadUInt16LittleEndian(length); left > 0; left--)
            {
                if (_feed.Take() < 0)
                {
                    return false;
                }
            }
        }
        for (var zeros = ((flags >> 3) & 1) + ((flags >> 4) & 1); zeros > 0;)
        {
            switch (_feed.Take())
            {
                case < 0:
                    return false;
                case 0:
                    zeros--;
                    break;
            }
        }
        Span<byte> crc = stackalloc byte[2];
        return (flags & 2) == 0 || _feed.TryTake(crc);
    }

    /// <summary>
    /// The member's compressed data ended, or the file did. DeflateStream does not say how much of what it was given it used, so the
    /// trailer, whose eight bytes we can compute, is looked for in
    /// the last piece it was given. At the file's end it was given single bytes, so there the place is exact, and a cut trailer is told
    /// from a wrong one.
    /// </summary>
    private void Finish()
    {
        _member!.Dispose();
        _member = null;
        if (_feed.Ended)
        {
            Stop(ContentEnd.Cut);
            return;
        }
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _length);
        var last = _feed.LastPiece(out var fileEnds);
        // Where the piece was one byte, it was used: it is the data's last.
        var from = last.Length == 0 ? 0 : _feed.LastWas == 1 ? 1 : 0;
        var at = _feed.LastWas == 1 ? (last[from..].StartsWith(trailer) ? from : -1) : last.IndexOf(trailer);
        if (at >= 0)
        {
            _feed.ContinueAfterLast(at + trailer.Length);
        }
        else
        {
            Stop(fileEnds && _feed.LastWas == 1 && last.Length - from < trailer.Length ? ContentEnd.Cut : ContentEnd.Damaged);
        }
    }

    private int Stop(ContentEnd end)
    {
        End = end;
        return 0;
    }
}
