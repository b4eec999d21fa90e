using Pipeline.Ingest.Files;

namespace Pipeline.Cli.Roles;

/// <summary>
/// What happens to the files of one source, as lines for operations. A file's name stands in none of them: its label does, by which
/// <see cref="FileNames"/> tells the name on this machine.
/// </summary>
/// <param name="progress">Called with the bytes of content that were offered.</param>
/// <param name="known">Called where another source has a file's content.</param>
internal sealed class SourceLog(string source, FileNames names, Action<string> log, Action<long>? progress, Action? known = null)
    : ISourceEvents
{
    private bool _told;

    public void Opened(string path, long offset) => Write("file", path, $"from={offset}");

    public void Offered(string path, long from, long to) => progress?.Invoke(to - from);

    public void Renamed(string path, string newPath, long offset) => Write("renamed", path, $"to={names.Label(newPath)} offset={offset}");

    public void TailTaken(string path, long offset, long bytes) => Write("tail-taken", path, $"offset={offset} bytes={bytes}");

    public void Truncated(string path, long length, long offset) =>
        Write("truncated", path, $"length={length} read={offset} \"lines may be lost\"");

    public void Shrunk(string path, long length, long offset) => Write("shrunk", path, $"length={length} read={offset} \"left alone\"");

    public void SameContent(string path, string other) => Write("same-content", path, $"as={names.Label(other)} \"read once\"");

    public void SameFirstLine(string path, int ordinal) => Write("same-first-line", path, $"ordinal={ordinal}");

    public void Rewound(string path, long from, long offset, bool edited) =>
        Write("rewound", path, $"from={from} read={offset} \"{(edited ? "it was edited: lines may be lost" : "lines may be doubled")}\"");

    public void KnownContent(string path, string owner)
    {
        known?.Invoke();
        Write("known-content", path, $"owner={owner} \"it is not read: another source has this content\"");
    }

    public void BadGzip(string path, ContentEnd end, long decompressed) =>
        Write("bad-gzip", path, $"end={end.ToString().ToLowerInvariant()} content={decompressed}");

    public void Unreadable(string path, Exception error) => Write("unreadable", path, $"\"{Why(error)}\"");

    public void UnknownFormat(string path, string why) => Write("unknown-format", path, $"\"{why}\"");

    public void TailGivenUp(string path, long offset, long bytes) => Write("tail-given-up", path, $"offset={offset} bytes={bytes}");

    /// <summary>A container's own words hold no name of a blob; those of the system can hold a name of a file.</summary>
    private static string Why(Exception error) => error is Core.Store.StoreException ? error.Message : UnreadableFileException.Why(error);

    private void Write(string what, string path, string rest)
    {
        log($"{what} source={source} file={names.Label(path)} {rest}");
        if (names.Fault is { } fault && !_told)
        {
            _told = true;
            log($"names source={source} fault={fault} \"the names of this source's files cannot be kept: reports name them by their " +
                $"identity; "
                + "let this user write the folder of `names`\"");
        }
    }
}
