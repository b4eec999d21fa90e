namespace Pipeline.Ingest.Files;

/// <summary>
/// What file sources tell those around them: paths and numbers, never content. A path stays in this process: who writes it to a log, a
/// metric or a
/// store puts its label there (<see cref="FileNames.Label"/>). Offsets are of decompressed bytes. An import may call from several threads
/// at once.
/// </summary>
public interface ISourceEvents
{
    /// <summary>A file is read, from this offset on; 0: for the first time.</summary>
    void Opened(string path, long offset);

    /// <summary>A block of it was offered.</summary>
    void Offered(string path, long from, long to);

    /// <summary>A file has another name now.</summary>
    void Renamed(string path, string newPath, long offset);

    /// <summary>A rotated or deleted file did not grow for a while: its unterminated end, of this many bytes, was taken as a line (rule
    /// 29).</summary>
    void TailTaken(string path, long offset, long bytes);

    /// <summary>A file was truncated in place below what was read: lines written since may be lost. Counted as a possible loss.</summary>
    void Truncated(string path, long length, long offset);

    /// <summary>A file's first line is known, but it ends before what was read (rule 34); it is left alone.</summary>
    void Shrunk(string path, long length, long offset);

    /// <summary>Two files that are there have the same content; it is read once (rule 34).</summary>
    void SameContent(string path, string other);

    /// <summary>A file has the first line of another one, and other bytes after it; it is read as a file of its own (rule 34).</summary>
    void SameFirstLine(string path, int ordinal);

    /// <summary>
    /// A file is no longer as it was read up to <paramref name="offset"/>: it lost its end or was restored, or it was edited in place. It
    /// is read on at <paramref name="from"/> as a file of its own;
    /// lines that may be read twice are counted as possible doubles, an edited stretch as a possible loss.
    /// </summary>
    void Rewound(string path, long from, long offset, bool edited);

    /// <summary>Another source of the installation has a file's content; it is not read.</summary>
    void KnownContent(string path, string owner);

    /// <summary>A gzip file is cut, damaged or followed by garbage: what was whole before is taken, the rest is pending.</summary>
    void BadGzip(string path, ContentEnd end, long decompressed);

    /// <summary>A file cannot be read. The error's message can name it: <see cref="UnreadableFileException.Why"/> does not.</summary>
    void Unreadable(string path, Exception error);

    /// <summary>No format fits the file's start; it is left alone until it changes.</summary>
    void UnknownFormat(string path, string why);

    /// <summary>A deleted file's unterminated end, of this many bytes, is given up, because the source stops.</summary>
    void TailGivenUp(string path, long offset, long bytes);
}
