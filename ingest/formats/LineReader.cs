using System.Runtime.CompilerServices;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// A block's physical lines (rule 29): the bytes up to `\n` with one `\r` before it stripped, and the last also without `\n`.
/// A UTF-8 byte order mark is stripped from the start of any line and not only of the first: files are concatenated, and a block does not
/// know where it lay in its file.
/// </summary>
internal ref struct LineReader(ReadOnlySpan<byte> block)
{
    /// <summary>The longest line that is looked at, in bytes without the terminator.</summary>
    public const int MaxLine = 65_536;

    private readonly bool _nuls = block.Contains((byte)0);
    private ReadOnlySpan<byte> _rest = block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next(out ReadOnlySpan<byte> line)
    {
        var rest = _rest;
        if (rest.IsEmpty)
        {
            line = default;
            return false;
        }
        var end = rest.IndexOf((byte)'\n');
        if (end < 0)
        {
            line = rest;
            _rest = default;
        }
        else
        {
            line = rest[..end];
            _rest = rest[(end + 1)..];
        }
        if (line.Length > 0)
        {
            if (line[^1] == '\r')
            {
                line = line[..^1];
            }
            line = WithoutMark(line);
        }
        return true;
    }

    /// <summary>The checks that come before any format's: empty, too long, and NUL bytes, which a crash leaves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Refuses(ReadOnlySpan<byte> line, out Reason reason)
    {
        if ((uint)(line.Length - 1) >= MaxLine)
        {
            reason = line.IsEmpty ? Reason.Empty : Reason.TooLong;
            return true;
        }
        reason = Reason.Malformed;
        return _nuls && line.Contains((byte)0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> line) =>
        line.Length >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF ? line[3..] : line;
}
