using System.Buffers;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store.Directories;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Files;

/// <summary>
/// One opened file, plain or gzip: told by its first bytes, never by its name. Offsets are of its decompressed content. The file stays the
/// same one whatever happens to its name.
/// </summary>
public sealed class SourceFile : IDisposable
{
    private readonly FileStream _raw;
    private GzipContentStream? _gzip;

    private SourceFile(string path, FileStream raw)
    {
        Path = path;
        _raw = raw;
        Span<byte> head = stackalloc byte[3];
        IsGzip = GzipContentStream.IsGzip(head[..raw.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
        LengthAtOpen = raw.Length;
    }

    public string Path { get; }

    public bool IsGzip { get; }

    /// <summary>Bytes of the file itself, as it was opened.</summary>
    public long LengthAtOpen { get; }

    /// <summary>Bytes of the file itself, now.</summary>
    public long RawLength => _raw.Length;

    /// <summary>The length of the content; <see cref="long.MaxValue"/> for a gzip file, where only reading can tell.</summary>
    public long ContentLength => IsGzip ? long.MaxValue : _raw.Length;

    /// <summary>How the content ended that was read last.</summary>
    public ContentEnd End => _gzip?.End ?? ContentEnd.Open;

    /// <summary>Decompressed bytes that were read by the content that was read last.</summary>
    public long Decompressed => _gzip?.Position ?? 0;

    /// <exception cref="UnreadableFileException">It is no file.</exception>
    /// <exception cref="IOException">It cannot be opened; the message names the path.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SourceFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new UnreadableFileException("it is a folder, expected a file");
        }
        if (!RegularFile.IsOrIsAbsent(path))
        {
            throw new UnreadableFileException(
                "it is a pipe, socket or device, expected a file that can be read again: write what comes from it to a file first");
        }
        // No buffer of its own: blocks are read into their own buffers. No lock: the server goes on writing, renaming and deleting.
        var raw = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
        return new SourceFile(path, raw);
    }

    /// <summary>The content from <paramref name="offset"/> on; a gzip file is decompressed up to there. Valid until the next call. It ends
    /// early where the content does.</summary>
    public Stream ContentAt(long offset)
    {
        if (!IsGzip)
        {
            _raw.Position = offset;
            return _raw;
        }
        if (_gzip is null || _gzip.Position > offset)
        {
            _gzip?.Dispose();
            _raw.Position = 0;
            _gzip = new GzipContentStream(_raw);
        }
        Skip(_gzip, offset - _gzip.Position);
        return _gzip;
    }

    /// <summary>The up to so many bytes of content before an offset; null where the content ends before it.</summary>
    public byte[]? Before(long offset, int most = LineBlocks.CheckedBytes)
    {
        var bytes = new byte[(int)Math.Min(offset, most)];
        var content = ContentAt(offset - bytes.Length);
        return content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length ? bytes : null;
    }

    /// <summary>Whether the content before the cursor is what was read.</summary>
    public bool Continues(FileCursor cursor, KeyedHash hash) => new FileContent(this, hash, 0).IsAt(cursor) == true;

    /// <summary>Whether a line ends between an offset and the end of the content; and where that end is.</summary>
    public bool EndsALine(long offset, out long end)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            var content = ContentAt(offset);
            for (end = offset; content.Read(buffer) is > 0 and var read; end += read)
            {
                if (buffer.AsSpan(0, read).Contains((byte)'\n'))
                {
                    return true;
                }
            }
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The format that the content's start looks like; null with the reason in <paramref name="why"/>.</summary>
    public ILineFormat? DetectFormat(out string why)
    {
        var head = ArrayPool<byte>.Shared.Rent(Detect.Sample);
        try
        {
            var read = ContentAt(0).ReadAtLeast(head.AsSpan(0, Detect.Sample), Detect.Sample, throwOnEndOfStream: false);
            var found = Detect.Of(head.AsSpan(0, read));
            why = Compression.Of(head.AsSpan(0, read)) is { } tool
                ? $"it is compressed with {tool}, expected plain text or gzip; decompress it, and import the file" : found.Why;
            return found.Format;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(head);
        }
    }

    public LineBlocks Blocks(FileReading reading, FileCursor? from)
    {
        var offset = from?.Offset ?? 0;
        var before = Before(offset, EarlierCheck.Window) ??
            throw new UnreadableFileException($"it ends before offset {offset}, where reading was to go on: it was cut meanwhile");
        return new LineBlocks(ContentAt(offset), reading, from, before, IsGzip ? long.MaxValue : Math.Max(0, _raw.Length - offset));
    }

    public void Dispose()
    {
        _gzip?.Dispose();
        _raw.Dispose();
    }

    private static void Skip(Stream content, long bytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (int read; bytes > 0; bytes -= read)
            {
                read = content.Read(buffer.AsSpan(0, (int)Math.Min(bytes, buffer.Length)));
                if (read == 0)
                {
                    return;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
