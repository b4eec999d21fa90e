using System.IO.Enumeration;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Containers;

/// <summary>Which blobs of a container are followed, and how often it is asked. Ages are of the container's own times.</summary>
public sealed record ContainerOptions
{
    /// <summary>What the names begin with.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What the whole names look like: `*` and `?`, which stand for '/' too.</summary>
    public string Pattern { get; init; } = "*";

    /// <summary>How often the hours that may still grow are listed. Longer: fewer requests, later lines.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often all is listed where blobs do not lie in folders of hours.</summary>
    public TimeSpan PollOthers { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often all is listed else.</summary>
    public TimeSpan PollAll { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long after its hour, or its last append, a blob may still grow: Azure brings rows up to 48 h late. A blob that did not
    /// grow for so long may be ended by a line without '\n'.</summary>
    public TimeSpan Grows { get; init; } = TimeSpan.FromHours(49);

    /// <summary>Rows of a blob among which a repeated one is recognised: a power of two.</summary>
    public int Rows { get; init; } = ContainerRows.Remembered;

    /// <summary>Blobs whose last rows are held, of about 80 kB each.</summary>
    public int MaxWindows { get; init; } = 256;

    /// <summary>Called when the container does not answer; and when it does.</summary>
    public Action<StoreException>? Waiting { get; init; }

    public Action? Answered { get; init; }

    internal bool Matches(string name) => name.StartsWith(Prefix, StringComparison.Ordinal)
        && FileSystemName.MatchesSimpleExpression(Pattern, name, ignoreCase: false);
}

/// <summary>A blob that is there, and what was found under its name.</summary>
internal sealed class SeenBlob(string name)
{
    public string Name { get; } = name;
    public AppendedBlob Listed { get; set; } = new(name, 0, "", default);
    /// <summary>The etag with which it was read to its end; null where it was not.</summary>
    public string? Done { get; set; }
    /// <summary>What its content is; null where that is not known yet.</summary>
    public string? Identity { get; set; }
    public ILineFormat? Format { get; set; }
    /// <summary>Bytes after its last '\n'.</summary>
    public long Pending { get; set; }
    public int Failures { get; set; }
    /// <summary>When it was refused; it is asked for again when all is listed.</summary>
    public long? RefusedAt { get; set; }
    public string? LastError { get; set; }
    /// <summary>The other source that has its content, as it was told; null where none has.</summary>
    public string? KnownAs { get; set; }
    public bool SameReported { get; set; }
}
