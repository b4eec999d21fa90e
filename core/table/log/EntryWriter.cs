using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Log;

/// <summary>What every entry of ours says of its writer.</summary>
internal sealed record EntryOrigin(string Id, string Store, string KeyId, string Contract, DateTimeOffset Time);

/// <summary>Writes the bytes of a log entry: one JSON action a line, `commitInfo` first, with a check of the whole.</summary>
internal sealed class EntryWriter
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder =
        System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _out = new(4096);

    public static byte[] Create(TableMetadata metadata, EntryOrigin origin)
    {
        var entry = new EntryWriter();
        entry.Info("CREATE TABLE", "create", "start", origin, null, [], []);
        entry.Action("protocol", json =>
        {
            json.WriteNumber("minReaderVersion", TableSchema.Protocol.Reader);
            json.WriteNumber("minWriterVersion", TableSchema.Protocol.Writer);
        });
        entry.Action("metaData", json => Metadata(json, metadata));
        return DamageCheck.FillJson(entry._out.WrittenSpan.ToArray());
    }

    public static byte[] Commit(CommitDraft draft, EntryOrigin origin, Sha256 below)
    {
        var entry = new EntryWriter();
        var dataChange = draft.Kind != CommitKind.Compact;
        var now = origin.Time.ToUnixTimeMilliseconds();
        var operation = draft.Kind == CommitKind.Withdraw ? "DELETE" : dataChange ? "WRITE" : "OPTIMIZE";
        entry.Info(operation, KindName(draft.Kind), draft.Reason, origin, below, draft.Shards,
            draft.Dates);
        if (draft.Metadata is { } metadata)
        {
            entry.Action("metaData", json => Metadata(json, metadata));
        }
        if (draft.Withdraws is { } withdraws)
        {
            entry.Txn(TableNames.TxnWithdrawn + withdraws.Shard, withdraws.Capture);
        }
        foreach (var (shard, link) in draft.NewShipped.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            entry.Txn(TableNames.TxnOfNumber(shard), link.Number);
            entry.Txn(TableNames.TxnOfHash(shard), link.Hash.Bits63);
        }
        foreach (var file in draft.Remove)
        {
            entry.Action("remove", json =>
            {
                json.WriteString("path", file.Path);
                json.WriteNumber("deletionTimestamp", now);
                json.WriteBoolean("dataChange", dataChange);
                json.WriteBoolean("extendedFileMetadata", true);
                Partition(json, file);
                json.WriteNumber("size", file.Size);
            });
        }
        foreach (var file in draft.Add)
        {
            entry.Action("add", json =>
            {
                json.WriteString("path", file.Path);
                Partition(json, file);
                json.WriteNumber("size", file.Size);
                json.WriteNumber("modificationTime", now);
                json.WriteBoolean("dataChange", dataChange);
                json.WriteString("stats", Stats(file));
            });
        }
        return DamageCheck.FillJson(entry._out.WrittenSpan.ToArray());
    }

    public static string KindName(CommitKind kind) => kind switch
    {
        CommitKind.Create => "create",
        CommitKind.Ship => "ship",
        CommitKind.Compact => "compact",
        CommitKind.Repair => "repair",
        CommitKind.Withdraw => "withdraw",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no kind of ours"),
    };

    /// <summary>Of `time` only: statistics must not hold addresses (rule 24). µs with 'Z', which engines read as they write it
    /// themselves.</summary>
    public static string Stats(SegmentFile file) =>
        $$$"""{"numRecords":{{{file.Rows}}},"minValues":{"time":"{{{Time(file.MinTime)}}}"},"maxValues":{"time":"{{{Time(file.MaxTime)}}}"},"nullCount":{"time":0}}""";

    private static string Time(long micros) => DateTime.UnixEpoch.AddTicks(micros * 10)
        .ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private void Info(
        string operation, string kind, string reason, EntryOrigin origin, Sha256? below, IReadOnlyList<ShardTotal> shards,
            IReadOnlyList<DateTotal> dates) =>
        Action("commitInfo", json =>
        {
            json.WriteNumber("timestamp", origin.Time.ToUnixTimeMilliseconds());
            json.WriteString("operation", operation);
            json.WriteString("engineInfo", PipelineVersion.Engine);
            json.WriteStartObject("pipeline");
            json.WriteNumber("version", 2);
            json.WriteString(DamageCheck.Member, DamageCheck.Blank);
            json.WriteString("kind", kind);
            json.WriteString("reason", reason);
            json.WriteString("id", origin.Id);
            json.WriteString("store", origin.Store);
            json.WriteString("kid", origin.KeyId);
            json.WriteString("contract", origin.Contract);
            if (below is { } hash)
            {
                json.WriteString("below", hash.ToString());
            }
            else
            {
                json.WriteNull("below");
            }
            json.WriteStartArray("shards");
            foreach (var shard in shards)
            {
                json.WriteStartObject();
                json.WriteString("shard", shard.Shard);
                json.WriteNumber("from", shard.Range.From);
                json.WriteNumber("to", shard.Range.To);
                json.WriteNumber("frames", shard.Frames);
                Sum(json, shard.Sums);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("dates");
            foreach (var date in dates)
            {
                json.WriteStartObject();
                json.WriteString("date", date.Date.ToString());
                Sum(json, date.Sums);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });

    private void Txn(string id, long version) => Action("txn", json =>
    {
        // Without lastUpdated: with it a retention property makes readers forget the pair (rule 22).
        json.WriteString("appId", id);
        json.WriteNumber("version", version);
    });

    private static void Metadata(Utf8JsonWriter json, TableMetadata metadata)
    {
        json.WriteString("id", metadata.Id);
        json.WriteStartObject("format");
        json.WriteString("provider", "parquet");
        json.WriteStartObject("options");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteString("schemaString", metadata.SchemaString);
        json.WriteStartArray("partitionColumns");
        foreach (var column in metadata.PartitionColumns)
        {
            json.WriteStringValue(column);
        }
        json.WriteEndArray();
        json.WriteStartObject("configuration");
        foreach (var (key, value) in metadata.Configuration.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteString(key, value);
        }
        json.WriteEndObject();
        if (metadata.CreatedTime is { } created)
        {
            json.WriteNumber("createdTime", created);
        }
    }

    private static void Sum(Utf8JsonWriter json, Sums sums)
    {
        json.WriteNumber("rows", sums.Rows);
        json.WriteString("sum", sums.HashHex);
    }

    private static void Partition(Utf8JsonWriter json, SegmentFile file)
    {
        json.WriteStartObject("partitionValues");
        json.WriteString("date", file.Date.ToString());
        json.WriteEndObject();
    }

    private void Action(string name, Action<Utf8JsonWriter> body)
    {
        using (var json = new Utf8JsonWriter(_out, Relaxed))
        {
            json.WriteStartObject();
            json.WriteStartObject(name);
            body(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        _out.Write("\n"u8);
    }
}
