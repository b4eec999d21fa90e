using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// What a capture says of itself (docs/storage-format.md). JSON, in the order of these members; members that are null or empty are left
/// out.
/// </summary>
public sealed record CaptureHeader
{
    /// <summary>The newest version that is read: of a capture for which <see cref="NeedsCurrent"/> holds.</summary>
    public const int CurrentVersion = 3;

    /// <summary>The version of every other capture.</summary>
    public const int PlainVersion = 2;

    public int Version { get; init; } = PlainVersion;
    /// <summary>The capture store's id: a capture of another store is refused (rule 9).</summary>
    public required string Store { get; init; }
    public required string Shard { get; init; }
    public required long Number { get; init; }
    /// <summary>Random, one a process: makes a zombie's bytes differ.</summary>
    public required string Session { get; init; }
    /// <summary>The sha256 of capture Number − 1; absent at 0.</summary>
    public Sha256? Previous { get; init; }
    [JsonPropertyName("kid")]
    public required string KeyId { get; init; }
    /// <summary>Each dataset's contract: sha256 of the file's bytes.</summary>
    public required SortedDictionary<string, string> Contracts { get; init; }
    /// <summary>
    /// For every dataset the shard's previous capture that has a frame of it; a dataset that never had one is absent (rule 1).
    /// </summary>
    public required SortedDictionary<string, Link> Links { get; init; }
    /// <summary>What was read (rule 2), in order.</summary>
    public required IReadOnlyList<ReadEntry> Reads { get; init; }
    /// <summary>Where the compressed runs of rejected lines lie; absent where nothing was rejected.</summary>
    public ByteRange? Rejections { get; init; }
    /// <summary>Whether it says something that a program which knows only <see cref="PlainVersion"/> would fold wrongly.</summary>
    [JsonIgnore]
    public bool NeedsCurrent => Cold is not null || Reads is { } reads && reads.Any(read => read?.Withdraws is not null);
    /// <summary>What leaves the shard's state for a cold page after this capture; absent where nothing does.</summary>
    public ColdMark? Cold { get; init; }
    /// <summary>The sha256 of all bytes behind the header, so that the code of the header proves the whole. Absent in version 1.</summary>
    public Sha256? Body { get; init; }
    /// <summary>At most one of a dataset (rule 1).</summary>
    public required IReadOnlyList<FrameEntry> Frames { get; init; }

    /// <summary>
    /// Tells two captures of one number apart without their bytes: no two processes have the same session, and no process puts a number
    /// twice.
    /// </summary>
    [JsonIgnore]
    public CaptureMark Mark => new(Session, Previous, Body);

    public FrameEntry? FrameOf(string dataset) => Frames.FirstOrDefault(f => f.Dataset == dataset);

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CaptureJson.Default.CaptureHeader);

    public static CaptureHeader FromJson(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, CaptureJson.Default.CaptureHeader)
        ?? throw new InvalidDataException("the header is null");
}

/// <summary>
/// A stretch of one file, or one push. A file's From and To are offsets in its (decompressed) bytes; a keyed push's are its sequence less
/// one and its sequence;
/// an unkeyed push counts the pushes of its source.
/// </summary>
public sealed record ReadEntry
{
    public required string Source { get; init; }
    public required string Format { get; init; }
    /// <summary>The version of the format's parser, where it is not 1: a later one may read what this one rejected.</summary>
    public int? Parser { get; init; }
    /// <summary>The file's identity: `fingerprint` or `fingerprint.ordinal` (rule 34); null for a push.</summary>
    public string? File { get; init; }
    /// <summary>The keyed hash of the client's stream token (rule 32); null for a file and for a push without a key.</summary>
    public string? Stream { get; init; }
    /// <summary>
    /// The stream of the same source that is retired because this push opens another; absent where it made no such room (rule 32).
    /// </summary>
    public string? Retires { get; init; }
    /// <summary>The cold page from which this read takes its file or stream back into the state: the newest one that has it. Absent where
    /// the state has it, or never had it.</summary>
    public long? Recalls { get; init; }
    /// <summary>In captures of program 0.1.0, the name that the file had: a hint for `rejections` and `redrive`. Read, and never
    /// written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWriting)]
    public string? Path { get; init; }
    public required long From { get; init; }
    public required long To { get; init; }
    /// <summary>A file: the keyed hash of the 128 bytes before To (fewer at its start). A push: the keyed hash of its body.</summary>
    public required string Check { get; init; }
    /// <summary>The W3C field list in force at To, where the format has one: known names and placeholders only
    /// (<see cref="ColumnNames"/>).</summary>
    public string? Fields { get; init; }
    /// <summary>The number of physical lines before From in this file, so that a rejection's line can be named; 0 for a push.</summary>
    public long Line { get; init; }
    /// <summary>Physical lines read, directives among them: the next read of this file begins at Line + Physical.</summary>
    public long Physical { get; init; }
    /// <summary>Lines as rule 29 counts them.</summary>
    public required long Lines { get; init; }
    public SortedDictionary<string, long>? Rejected { get; init; }
    public long Duplicates { get; init; }
    /// <summary>The same by the rule that recognised them (rule 31).</summary>
    public SortedDictionary<string, long>? DuplicateRules { get; init; }
    /// <summary>
    /// What a redrive made of lines that an earlier capture counts as rejections: reason → lines that are records of this capture. <see
    /// cref="Rejected"/> takes the same lines away again.
    /// </summary>
    public SortedDictionary<string, long>? Redriven { get; init; }
    /// <summary>The read whose rejections a redrive read again; such a read moves no cursor.</summary>
    public RedriveOf? Redrive { get; init; }
    /// <summary>Earlier captures of the shard whose records this read takes away again (rule 36); such a read brings no line and moves no
    /// cursor.</summary>
    public Withdrawal? Withdraws { get; init; }
    /// <summary>Rejections by the rule of classification that told them apart, where there is one.</summary>
    public SortedDictionary<string, long>? Rules { get; init; }
    /// <summary>Unknown clients by the shape of their agent string, which shows no character of it but signs.</summary>
    public SortedDictionary<string, long>? Shapes { get; init; }
    /// <summary>Counters that reject nothing: `bad-id`, `long-id`, and those of <see cref="LossNotes"/> and
    /// <see cref="DoubleNotes"/>.</summary>
    public SortedDictionary<string, long>? Notes { get; init; }
    /// <summary>A file: line ends up to To, that one too, in order, at which its content is recognised. Absent in a container's reads and
    /// in those of earlier versions.</summary>
    public IReadOnlyList<EarlierCheck>? Checks { get; init; }
    /// <summary>A file that parts from another one: on its first read, which begins where they part, and on those that follow while lines
    /// are in doubt.</summary>
    public FileBranch? Branch { get; init; }

    /// <summary>The cursor of the file after this read.</summary>
    /// <param name="before">Its cursor before; null where the file is new.</param>
    public FileCursor Cursor(FileCursor? before) => new()
    {
        Source = Source, Offset = To, Check = Check, Fields = Fields, Line = Line + Physical, Format = Format,
        Checks = EarlierChecks.After(before, this), Branch = Branch?.Doubt > To ? Branch : null,
    };

    /// <summary>A push without a key. A read of no file, stream or format brings only notes.</summary>
    [JsonIgnore]
    public bool IsUnkeyedPush => File is null && Stream is null && Redrive is null && Format.Length > 0;
}

/// <summary>A read of an earlier capture of the same shard: the capture's number, and the read's place among its reads.</summary>
public sealed record RedriveOf(long Capture, int Read);

/// <summary>See <see cref="CaptureHeader.Mark"/>.</summary>
public readonly record struct CaptureMark(string Session, Sha256? Previous, Sha256? Body);

/// <summary>Bytes of the capture: an offset from the capture's first byte, and a length.</summary>
public sealed record ByteRange(long Offset, int Length);

/// <summary>One dataset's records in this capture, with their sums per UTC event date (rule 27).</summary>
public sealed record FrameEntry
{
    public required string Dataset { get; init; }
    public required long Offset { get; init; }
    public required int Length { get; init; }
    public required long Rows { get; init; }
    public required SortedDictionary<string, DaySums> Dates { get; init; }

    [JsonIgnore]
    public Sums Sums => Sums.Of(Dates.Values.Select(d => d.Sums));
}

/// <summary>Rows and the sum of their hashes as 32 hex digits.</summary>
public sealed record DaySums(long Rows, string Sum)
{
    public static DaySums Of(Sums sums) => new(sums.Rows, sums.HashHex);

    [JsonIgnore]
    public Sums Sums => Records.Sums.Parse(Rows, Sum);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CaptureHeader))]
internal sealed partial class CaptureJson : JsonSerializerContext;
