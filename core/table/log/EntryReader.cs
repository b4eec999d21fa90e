using System.Globalization;
using System.Text.Json;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Log;

/// <summary>Reads a log entry, ours or another engine's. Unknown actions and fields are passed over, as the Delta protocol asks of readers
/// of version 1.</summary>
internal static class EntryReader
{
    private const int Newest = 2;

    /// <param name="where">How messages name the table.</param>
    /// <param name="name">The object's name.</param>
    /// <exception cref="CorruptException">The bytes are no entry, or not as they were written.</exception>
    /// <exception cref="ConfigurationException">A newer program wrote them.</exception>
    public static TableCommit Read(string where, string name, long version, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var commit = Parse(where, version, bytes);
            CheckWhole(commit, bytes.Span);
            return commit;
        }
        catch (ConfigurationException e) when (DamageCheck.HoldsJson(bytes.Span) == false)
        {
            const string Why = "its check is not that of its bytes: what it says of its version is damage";
            throw new CorruptException(name, Why, $"{where}: entry {version} of the log: {Why}. Restore the entry from a copy of the log.",
                e);
        }
        catch (Exception e) when (e is not (PipelineException or OutOfMemoryException))
        {
            var why = $"it cannot be read ({(e is InvalidDataException ? e.Message : e.GetType().Name)})";
            throw new CorruptException(name, why,
                $"{where}: entry {version} of the log ({bytes.Length} bytes) cannot be read " +
                $"({(e is InvalidDataException ? e.Message : e.GetType().Name)}). "
                + "Expected one JSON action a line, as the Delta protocol says. Restore the entry from a copy of the log.", e);
        }
    }

    /// <summary>Entries of ours from version 2 on carry a check; one that says nothing of us, but was written by us, lost it.</summary>
    private static void CheckWhole(TableCommit commit, ReadOnlySpan<byte> bytes)
    {
        var ours = !commit.Foreign || bytes.IndexOf("\"pipeline\":{\"version\":"u8) >= 0
            || bytes.IndexOf("\"engineInfo\":\"pipeline/"u8) >= 0;
        if (commit.Foreign && ours || commit.Format >= 2 && DamageCheck.HoldsJson(bytes) != true)
        {
            throw new InvalidDataException("its check is not that of its bytes: it is damaged");
        }
    }

    private static TableCommit Parse(string where, long version, ReadOnlyMemory<byte> bytes)
    {
        var commit = new TableCommit { Version = version, Hash = Sha256.Of(bytes.Span) };
        var added = new List<SegmentFile>();
        var removed = new List<RemovedFile>();
        var txn = new Dictionary<string, long>();
        var dataChange = false;
        foreach (var line in Lines(bytes))
        {
            using var document = JsonDocument.Parse(line);
            foreach (var action in document.RootElement.EnumerateObject())
            {
                var value = action.Value;
                switch (action.Name)
                {
                    case "commitInfo":
                        commit = Info(where, commit, value);
                        break;
                    case "protocol":
                        commit = commit with { Protocol = new(value.GetProperty("minReaderVersion").GetInt32(),
                            value.GetProperty("minWriterVersion").GetInt32()) };
                        break;
                    case "metaData":
                        commit = commit with { Metadata = Metadata(value) };
                        break;
                    case "txn":
                        txn[value.GetProperty("appId").GetString()!] = value.GetProperty("version").GetInt64();
                        break;
                    case "add":
                        added.Add(Added(value));
                        dataChange |= Flag(value, "dataChange");
                        break;
                    case "remove":
                        removed.Add(new(Decoded(value.GetProperty("path").GetString()!), Flag(value, "dataChange"),
                            Number(value, "deletionTimestamp") ?? 0));
                        dataChange |= Flag(value, "dataChange");
                        break;
                }
            }
        }
        return commit with { Added = added, Removed = removed, Txn = txn, Shipped = commit.Foreign ? commit.Shipped
            : TableNames.ShippedOf(txn), DataChange = dataChange };
    }

    internal static SegmentFile ReadAdded(string path, string? date, long size, string? stats)
    {
        var day = UtcDay.Parse(date ?? throw new InvalidDataException("an added file without its date"));
        var rows = -1L;
        var min = day.Number * UtcDay.MicrosPerDay;
        var max = min + UtcDay.MicrosPerDay - 1;
        if (!string.IsNullOrEmpty(stats))
        {
            using var document = JsonDocument.Parse(stats);
            rows = Number(document.RootElement, "numRecords") ?? -1;
            min = Bound(document.RootElement, "minValues") ?? min;
            max = Bound(document.RootElement, "maxValues") is { } bound ? bound + Lost(document.RootElement) : max;
        }
        return new(Decoded(path), day, size, rows, min, max);
    }

    private static TableCommit Info(string where, TableCommit commit, JsonElement info)
    {
        commit = commit with
        {
            Engine = Text(info, "engineInfo"),
            Operation = Text(info, "operation"),
            Time = Number(info, "timestamp") is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null,
        };
        if (!info.TryGetProperty("pipeline", out var ours) || ours.ValueKind != JsonValueKind.Object)
        {
            return commit;
        }
        var kind = Text(ours, "kind") switch { "create" => CommitKind.Create, "ship" => CommitKind.Ship, "compact" =>
            CommitKind.Compact, "repair" => CommitKind.Repair,
            "withdraw" => CommitKind.Withdraw, _ => CommitKind.Foreign };
        if (ours.GetProperty("version").GetInt32() > Newest || kind == CommitKind.Foreign)
        {
            throw LaterVersion.Stop($"{where}: entry {commit.Version}",
                $"it is of version {ours.GetProperty("version")} and kind '{Text(ours, "kind")}'", Newest);
        }
        return commit with
        {
            Kind = kind,
            Format = ours.GetProperty("version").GetInt32(),
            Reason = Text(ours, "reason"),
            Id = Text(ours, "id"),
            Store = Text(ours, "store"),
            KeyId = Text(ours, "kid"),
            Contract = Text(ours, "contract"),
            Below = Text(ours, "below") is { Length: > 0 } hash ? Sha256.Parse(hash) : null,
            Shards = [.. ours.GetProperty("shards").EnumerateArray().Select(shard => new ShardTotal(
                ShardName(shard.GetProperty("shard").GetString()), new(shard.GetProperty("from").GetInt64(),
                    shard.GetProperty("to").GetInt64()), shard.GetProperty("frames").GetInt64(), Sum(shard)))],
            Dates = [.. ours.GetProperty("dates").EnumerateArray().Select(date =>
                new DateTotal(UtcDay.Parse(date.GetProperty("date").GetString()!), Sum(date)))],
        };
    }

    private static SegmentFile Added(JsonElement add)
    {
        if (add.TryGetProperty("deletionVector", out var vector) && vector.ValueKind != JsonValueKind.Null)
        {
            throw new InvalidDataException("an added file has a deletion vector, which a table of reader version 1 cannot have");
        }
        var date = add.GetProperty("partitionValues").TryGetProperty("date", out var value) ? value.GetString() : null;
        var stats = add.TryGetProperty("stats", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        return ReadAdded(add.GetProperty("path").GetString()!, date, add.GetProperty("size").GetInt64(), stats);
    }

    private static TableMetadata Metadata(JsonElement value) => new(
        value.GetProperty("id").GetString()!,
        value.GetProperty("schemaString").GetString()!,
        [.. value.GetProperty("partitionColumns").EnumerateArray().Select(column => column.GetString()!)],
        value.TryGetProperty("configuration", out var configuration) && configuration.ValueKind == JsonValueKind.Object
            ? configuration.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "")
            : [],
        Number(value, "createdTime"));

    /// <summary>Paths are URI-encoded in the log.</summary>
    private static string Decoded(string path) => path.Contains('%') ? Uri.UnescapeDataString(path) : path;

    private static Sums Sum(JsonElement value) => Sums.Parse(value.GetProperty("rows").GetInt64(), value.GetProperty("sum").GetString()!);

    private static bool Flag(JsonElement value, string name) => value.TryGetProperty(name, out var flag)
        && flag.ValueKind == JsonValueKind.True;

    private static string Text(JsonElement value, string name) =>
        value.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";

    private static long? Number(JsonElement value, string name) =>
        value.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out var whole) ? whole
            : null;

    private static long? Bound(JsonElement stats, string side) =>
        stats.TryGetProperty(side, out var values) && values.ValueKind == JsonValueKind.Object
            && Text(values, "time") is { Length: > 0 } text
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? (time.UtcTicks - DateTime.UnixEpoch.Ticks) / 10
            : null;

    /// <summary>Engines that cut statistics to ms cut the maximum too: the rows may be up to 999 µs later than it says.</summary>
    private static long Lost(JsonElement stats)
    {
        var text = Text(stats.GetProperty("maxValues"), "time");
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var digits = dot < 0 ? 0 : text.AsSpan(dot + 1).IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? end : text.Length - dot - 1;
        return digits <= 3 ? 999 : 0;
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            var line = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + 1)..];
            if (line.Span.ContainsAnyExcept(" \r\t"u8))
            {
                yield return line;
            }
        }
    }

    private static string ShardName(string? name) =>
        name is not null && Captures.CaptureNames.IsName(name) ? name
            : throw new InvalidDataException("a total names a shard whose name no shard can have");
}
