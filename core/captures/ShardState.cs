using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>Where a file was read up to (rule 34). Offsets are of decompressed bytes.</summary>
public sealed record FileCursor
{
    public required string Source { get; init; }
    public required long Offset { get; init; }
    public required string Check { get; init; }
    public string? Fields { get; init; }
    /// <summary>Physical lines before Offset.</summary>
    public long Line { get; init; }
    /// <summary>The format it was read with.</summary>
    public required string Format { get; init; }
    /// <summary>Line ends of the file up to <see cref="Offset"/>, that one too, in order: see <see cref="EarlierChecks"/>. Null: none is
    /// known.</summary>
    public IReadOnlyList<EarlierCheck>? Checks { get; init; }
    /// <summary>Set while lines after <see cref="Offset"/> may be lines of another file that are captured already.</summary>
    public FileBranch? Branch { get; init; }
}

/// <summary>
/// A client's stream of pushes (rule 32): the last sequence taken, and the checks of up to 64 pushes that end with it; of a retired one
/// none.
/// </summary>
public sealed record PushCursor(long Sequence, IReadOnlyList<string> Checks)
{
    /// <summary>Its sequence goes on; which bodies the last ones had is not known any more.</summary>
    [JsonIgnore]
    public bool IsRetired => Checks.Count == 0;

    public const int Remembered = 64;
}

/// <summary>Notes that tell of a possible loss, which no record shows: counted per source, shown by `status` and `verify`.</summary>
public static class LossNotes
{
    /// <summary>A push was refused for its number (rule 32).</summary>
    public const string PushGap = "push-gap";

    /// <summary>A push came under a sequence that another body has: its client may have lost its counter, and these lines with it (rule
    /// 32).</summary>
    public const string PushOtherBody = "push-other-body";

    /// <summary>A file was shortened in place: what it held beyond its cursor may be gone (rule 34).</summary>
    public const string Truncated = "truncated";

    /// <summary>A stretch of a file that was captured was changed in place: lines that were put into it are not captured (rule
    /// 34).</summary>
    public const string Edited = "edited";

    public static IReadOnlyList<string> All { get; } = [PushGap, PushOtherBody, Truncated, Edited];
}

/// <summary>A source's totals since its first capture.</summary>
public sealed record SourceTotals
{
    public long Lines { get; init; }
    public long Duplicates { get; init; }
    /// <summary>The same by rule; absent where there are none.</summary>
    public SortedDictionary<string, long>? DuplicateRules { get; init; }
    /// <summary>Rejections that a redrive made records of, by the reason they had; <see cref="Rejected"/> is net of them. Absent where
    /// there are none.</summary>
    public SortedDictionary<string, long>? Redriven { get; init; }
    /// <summary>Pushes without a key.</summary>
    public long Unkeyed { get; init; }
    public SortedDictionary<string, long> Rejected { get; init; } = [];
    public SortedDictionary<string, long> Notes { get; init; } = [];
}

/// <summary>A dataset's totals in a shard, and the newest capture that has a frame of it.</summary>
public sealed record DatasetTotals(Link Last, long Frames, long Rows, string Sum)
{
    [JsonIgnore]
    public Sums Sums => Records.Sums.Parse(Rows, Sum);
}

/// <summary>
/// The state of a shard: a fold of its captures (rule 3). Pure: two folds of the same captures are equal and serialise to the same bytes.
/// Mutable, one thread at a time; <see cref="Apply"/> changes nothing when it refuses.
/// </summary>
public sealed class ShardState
{
    public const int SnapshotEvery = 256;
    public const int CurrentVersion = 2;

    public int Version { get; set; } = CurrentVersion;
    public required string Store { get; init; }
    public required string Shard { get; init; }
    [JsonPropertyName("kid")]
    public required string KeyId { get; init; }
    /// <summary>The newest capture that was folded; null before the first.</summary>
    public Link? Head { get; set; }
    public SortedDictionary<string, SourceTotals> Sources { get; init; } = new(StringComparer.Ordinal);
    /// <summary>Source, then '/', then file identity.</summary>
    public SortedDictionary<string, FileCursor> Files { get; init; } = new(StringComparer.Ordinal);
    /// <summary>Source, then '/', then the stream's keyed hash.</summary>
    public SortedDictionary<string, PushCursor> Streams { get; init; } = new(StringComparer.Ordinal);
    public SortedDictionary<string, DatasetTotals> Datasets { get; init; } = new(StringComparer.Ordinal);
    /// <summary>Which reads were redriven, `capture/read`, and the newest capture that says which of their lines; absent where none
    /// was.</summary>
    public SortedDictionary<string, long>? Redrives { get; set; }

    [JsonIgnore]
    public long Next => (Head?.Number ?? -1) + 1;

    [JsonIgnore]
    public IEnumerable<KeyValuePair<string, Link>> Links => Datasets.Select(d => KeyValuePair.Create(d.Key, d.Value.Last));

    public static string FileKey(string source, string identity) => source + "/" + identity;

    public static string RedriveKey(RedriveOf of) => string.Create(CultureInfo.InvariantCulture, $"{of.Capture}/{of.Read}");

    /// <summary>Folds one capture in, or says why it does not continue this state and changes nothing (rule 4).</summary>
    public Fork? Apply(CaptureHeader header, Link link)
    {
        if (Refuse(header, link) is { } reason)
        {
            return new Fork(Shard, link.Number, reason);
        }
        foreach (var read in header.Reads)
        {
            Count(read);
            if (read.Redrive is { } redriven)
            {
                (Redrives ??= new(StringComparer.Ordinal))[RedriveKey(redriven)] = header.Number;
            }
            else if (read.File is { } file)
            {
                var before = Files.GetValueOrDefault(FileKey(read.Source, file));
                Files[FileKey(read.Source, file)] = read.Cursor(before) with { Fields = VersionOne.Fields(header, read) };
            }
            else if (read.Stream is { } stream)
            {
                var checks = Streams.TryGetValue(FileKey(read.Source, stream), out var before) ? before.Checks : [];
                Streams[FileKey(read.Source, stream)] = new PushCursor(read.To,
                    [.. checks.TakeLast(PushCursor.Remembered - 1), read.Check]);
                if (read.Retires is { } retired)
                {
                    Streams[FileKey(read.Source, retired)] = Streams[FileKey(read.Source, retired)] with { Checks = [] };
                }
            }
        }
        foreach (var frame in header.Frames)
        {
            var before = Datasets.TryGetValue(frame.Dataset, out var d) ? d : new DatasetTotals(link, 0, 0, Sums.Zero.HashHex);
            var sums = before.Sums + frame.Sums;
            Datasets[frame.Dataset] = new DatasetTotals(link, before.Frames + 1, sums.Rows, sums.HashHex);
        }
        Head = link;
        return null;
    }

    /// <summary>UTF-8 JSON; equal states give equal bytes.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SnapshotJson.Default.ShardState);

    /// <exception cref="InvalidDataException">Not a snapshot.</exception>
    /// <exception cref="PipelineException">78: of a later version.</exception>
    public static ShardState FromJson(ReadOnlySpan<byte> json, string origin)
    {
        ShardState? state;
        try
        {
            state = JsonSerializer.Deserialize(json, SnapshotJson.Default.ShardState);
            // A member that is absent is null here, whatever its initial value is; and sums are text until they are used.
            if (state is { Sources: null } or { Files: null } or { Streams: null } or { Datasets: null }
                || state?.Sources.Values.Any(source => source.Rejected is null || source.Notes is null) == true)
            {
                throw new JsonException("a member is absent");
            }
            _ = state?.Datasets.Values.Select(totals => totals.Sums).LastOrDefault();
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException)
        {
            throw LaterVersion.Of(json.ToArray(), CurrentVersion) is { } later ? Later(origin, later, e)
                : new InvalidDataException(
                $"snapshot {origin}: it is not what docs/storage-format.md says ({e.GetType().Name}). It is damaged; delete it only " +
                $"when every capture since the one before it still stands.", e);
        }
        if (state is not { Version: >= 1 })
        {
            throw new InvalidDataException(
                $"snapshot {origin}: version {state?.Version}, which never was. It is damaged; delete it only when every capture since " +
                $"the one before it still stands.");
        }
        return state.Version > CurrentVersion ? throw Later(origin, state.Version, null) : state.Version < CurrentVersion
            ? VersionOne.Renewed(state) : state;
    }

    private static PipelineException Later(string origin, long version, Exception? inner) =>
        LaterVersion.Stop($"snapshot {origin}", $"it is of version {version}", CurrentVersion, inner);

    private string? Refuse(CaptureHeader header, Link link)
    {
        if (header.Shard != Shard || header.Number != link.Number || header.Number != Next)
        {
            return $"it says shard {header.Shard} number {header.Number}, expected {Shard} number {Next}";
        }
        if (header.Store != Store)
        {
            return $"it is of capture store {header.Store}, this is {Store}";
        }
        if (header.Previous != Head?.Hash)
        {
            return $"it continues {header.Previous?.ToString() ?? "nothing"}, the capture before it is {Head?.Hash.ToString() ?? "none"}";
        }
        if (!header.Links.SequenceEqual(Links))
        {
            return "its links are not the shard's last captures of each dataset";
        }
        // Reads of one file or stream within a capture continue one another too.
        Dictionary<string, long>? seen = null;
        foreach (var read in header.Reads)
        {
            if (read.Redrive is not null && RefuseRedrive(read, header.Number) is { } wrong)
            {
                return wrong;
            }
            if (read.Retires is { } retired
                && (read.Stream is null || retired == read.Stream || !Streams.ContainsKey(FileKey(read.Source, retired))))
            {
                return $"a read of source {read.Source} retires a stream that is not another one of its source";
            }
            if ((read.File ?? read.Stream) is not { } id)
            {
                continue;
            }
            var key = FileKey(read.Source, id);
            seen ??= [];
            var at = seen.TryGetValue(key, out var within) ? within
                : read.File is not null ? Files.TryGetValue(key, out var file) ? file.Offset : Begins(read, seen)
                : Streams.TryGetValue(key, out var stream) ? stream.Sequence : 0;
            if (read.From != at || read.To < read.From || (read.Stream is not null && read.To != read.From + 1))
            {
                return $"a read of source {read.Source} goes from {read.From} to {read.To}, expected from {at}";
            }
            seen[key] = read.To;
        }
        return null;
    }

    /// <summary>Where the first read of a file begins: at 0, or where it parts from a file that was read.</summary>
    private long Begins(ReadEntry read, Dictionary<string, long> seen) =>
        read.Branch is { } branch && FileKey(read.Source, branch.Of) is var of && (Files.ContainsKey(of) || seen.ContainsKey(of))
            ? Math.Max(0, read.From) : 0;

    /// <summary>A redrive reads no new line, and takes from the rejections what it gives to the records: of a capture before it, and never
    /// more than there are.</summary>
    private string? RefuseRedrive(ReadEntry read, long number)
    {
        var before = Sources.GetValueOrDefault(read.Source)?.Rejected;
        return read is { File: null, Stream: null, Lines: 0, Duplicates: 0 } && read.Redrive!.Capture < number
            && read is { Redriven: { } redriven, Rejected: { } rejected }
            && redriven.Count == rejected.Count && redriven.All(r => r.Value > 0 && rejected.GetValueOrDefault(r.Key) == -r.Value
                && before?.GetValueOrDefault(r.Key) >= r.Value)
            ? null : $"a redrive of source {read.Source} does not take from the rejections of capture {read.Redrive!.Capture} what it " +
                $"adds to the records";
    }

    private void Count(ReadEntry read)
    {
        var before = Sources.TryGetValue(read.Source, out var s) ? s : new SourceTotals();
        Sources[read.Source] = new SourceTotals
        {
            Lines = before.Lines + read.Lines,
            Duplicates = before.Duplicates + read.Duplicates,
            DuplicateRules = AddSome(before.DuplicateRules, read.DuplicateRules),
            Redriven = AddSome(before.Redriven, read.Redriven),
            Unkeyed = before.Unkeyed + (read.IsUnkeyedPush ? 1 : 0),
            Rejected = Add(before.Rejected, read.Rejected),
            Notes = Add(before.Notes, read.Notes),
        };
    }

    private static SortedDictionary<string, long>? AddSome(SortedDictionary<string, long>? a, SortedDictionary<string, long>? b) =>
        a is null && b is null ? null : Add(a ?? new(StringComparer.Ordinal), b);

    private static SortedDictionary<string, long> Add(SortedDictionary<string, long> a, SortedDictionary<string, long>? b)
    {
        if (b is null or { Count: 0 })
        {
            return a;
        }
        var sum = new SortedDictionary<string, long>(a, StringComparer.Ordinal);
        foreach (var (key, value) in b)
        {
            sum[key] = sum.GetValueOrDefault(key) + value;
            if (sum[key] == 0)
            {
                sum.Remove(key);
            }
        }
        return sum;
    }
}

/// <summary>Two histories of one shard that cannot both be true (rules 4, 11, 12): from this number on.</summary>
public sealed record Fork(string Shard, long Number, string Reason)
{
    public ForkException ToException() =>
        new(this, $"shard {Shard}: a fork at capture {Number}: {Reason}. The shard is stopped from there; "
            + "what to do is in docs/runbooks/forks.md.");
}

/// <summary>A fork stops its shard.</summary>
public sealed class ForkException(Fork fork, string message) : DifferenceException(message)
{
    public Fork Fork { get; } = fork;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ShardState))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
