using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// The state of a shard: a fold of its captures (rule 3). Pure: two folds of the same captures are equal and serialise to the same bytes.
/// Mutable, one thread at a time; <see cref="Apply"/> changes nothing when it refuses.
/// </summary>
public sealed class ShardState
{
    public const int SnapshotEvery = 256;
    /// <summary>The newest version that is read: of a state that has <see cref="Cold"/> or <see cref="Withdrawals"/>.</summary>
    public const int CurrentVersion = 3;
    /// <summary>The version of every other state.</summary>
    public const int PlainVersion = 2;

    public int Version { get; set; } = PlainVersion;
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
    /// <summary>Withdrawals of the shard's captures, in order; absent where there is none.</summary>
    public List<Withdrawn>? Withdrawals { get; set; }
    /// <summary>What left this state for cold pages; null before the first capture with a <see cref="CaptureHeader.Cold"/>.</summary>
    public ColdChain? Cold { get; set; }

    /// <summary>The pages that were made since this state was read or since they were taken out, in order: they may not be in the store
    /// yet.</summary>
    [JsonIgnore]
    public List<ColdPage> Cooled { get; } = [];

    [JsonIgnore]
    public long Next => (Head?.Number ?? -1) + 1;

    [JsonIgnore]
    public IEnumerable<KeyValuePair<string, Link>> Links => Datasets.Select(d => KeyValuePair.Create(d.Key, d.Value.Last));

    /// <summary>Whether this capture's records were withdrawn.</summary>
    public bool IsWithdrawn(long number) => Withdrawals?.Any(withdrawn => withdrawn.Holds(number)) == true;

    /// <summary>Whether a withdrawal dropped this file from the cold pages up to this one.</summary>
    public bool IsForgotten(string identity, long page) => Withdrawals?.Any(withdrawn => withdrawn.Hides(identity, page)) == true;

    /// <summary>Of one dataset, the rows that withdrawals took away, and their sum.</summary>
    public Sums WithdrawnOf(string dataset) =>
        Sums.Of((Withdrawals ?? []).Select(w => w.Records.TryGetValue(dataset, out var sums) ? sums.Sums : Sums.Zero));

    public static string FileKey(string source, string identity) => source + "/" + identity;

    public static string RedriveKey(RedriveOf of) => string.Create(CultureInfo.InvariantCulture, $"{of.Capture}/{of.Read}");

    /// <summary>Folds one capture in, or says why it does not continue this state and changes nothing (rule 4).</summary>
    public Fork? Apply(CaptureHeader header, Link link)
    {
        if (Continuation.WhyNot(this, header, link) is { } reason)
        {
            return new Fork(Shard, link.Number, reason);
        }
        if (header.Cold is not null)
        {
            (Cold, Version) = (Cold ?? new ColdChain(), CurrentVersion);
        }
        foreach (var read in header.Reads)
        {
            Sources[read.Source] = (Sources.GetValueOrDefault(read.Source) ?? new SourceTotals()).With(read);
            if (read.Withdraws is { } withdrawal)
            {
                Withdraw(read.Source, withdrawal, header.Number);
            }
            else if (read.Redrive is { } redriven)
            {
                (Redrives ??= new(StringComparer.Ordinal))[RedriveKey(redriven)] = header.Number;
            }
            else if (read.File is { } file)
            {
                var before = Files.GetValueOrDefault(FileKey(read.Source, file));
                Files[FileKey(read.Source, file)] = read.Cursor(before) with
                {
                    Fields = VersionOne.Fields(header, read), At = Cold is null ? null : header.Number,
                };
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
        if (header.Cold is { } mark)
        {
            Cool(mark);
        }
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
        if (state is not { Version: >= 1 } || (state.Version <= CurrentVersion && state.Version == CurrentVersion != state.IsLater))
        {
            throw new InvalidDataException(
                $"snapshot {origin}: version {state?.Version}, which never was so. It is damaged; delete it only when every capture " +
                $"since the one before it still stands.");
        }
        return state.Version > CurrentVersion ? throw Later(origin, state.Version, null) : state.Version < PlainVersion
            ? VersionOne.Renewed(state) : state;
    }

    /// <summary>Files that were not read for long, and retired streams, leave the state for a page.</summary>
    private void Cool(ColdMark mark)
    {
        var files = Files.Where(file => (file.Value.At ?? 0) < mark.Files).ToList();
        var streams = mark.Retired ? Streams.Where(stream => stream.Value.IsRetired).ToList() : [];
        if (files.Count + streams.Count == 0)
        {
            return;
        }
        var page = new ColdPage
        {
            Store = Store, Shard = Shard, KeyId = KeyId, Page = Cold!.Pages, Capture = Head!.Value.Number, Before = Cold.Last,
            StreamsBefore = streams.Count > 0 ? Cold.Streams : null,
            Files = new(files.ToDictionary(), StringComparer.Ordinal),
            Streams = new(streams.ToDictionary(stream => stream.Key, stream => stream.Value.Sequence), StringComparer.Ordinal),
        };
        foreach (var (key, _) in files)
        {
            Files.Remove(key);
        }
        foreach (var (key, _) in streams)
        {
            Streams.Remove(key);
        }
        Cooled.Add(page);
        Cold = new ColdChain(page.Page + 1, streams.Count > 0 ? page.Page : Cold.Streams, page.Hash);
    }

    private bool IsLater => Cold is not null || Withdrawals is not null;

    private static PipelineException Later(string origin, long version, Exception? inner) =>
        LaterVersion.Stop($"snapshot {origin}", $"it is of version {version}", CurrentVersion, inner);

    private void Withdraw(string source, Withdrawal withdrawal, long number)
    {
        var hidden = Cold is { Pages: > 0 and var pages } ? pages : (long?)null;
        (Withdrawals ??= []).Add(new Withdrawn(number, withdrawal.Captures, withdrawal.Records)
        {
            Whole = withdrawal.Whole, Pages = hidden, Forgets = hidden is null ? null : withdrawal.Forgets,
        });
        var forgotten = withdrawal.Whole == true
            ? Files.Keys.Where(key => key.StartsWith(source + "/", StringComparison.Ordinal)).ToList()
            : [.. (withdrawal.Forgets ?? []).Select(file => FileKey(source, file))];
        foreach (var key in forgotten)
        {
            Files.Remove(key);
        }
        Version = CurrentVersion;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ShardState))]
[JsonSerializable(typeof(ColdPage))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
