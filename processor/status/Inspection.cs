using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Status;

/// <summary>
/// What an object of either store says of itself, as one JSON document: a capture's header (its rejected lines summed by reason and read),
/// a snapshot, an entry of a table's log,
/// a segment's footer, or a small document of the store. Rows are never shown; nor are statistics of another column than `time`, which
/// another engine may have written.
/// </summary>
public static class Inspection
{
    /// <param name="name">The object's name in the store.</param>
    /// <exception cref="PipelineException">2: there is no such object, or none that this program knows; 3: it is damaged.</exception>
    public static async Task<string> DescribeAsync(IObjectStore store, string name, IReadOnlyList<Contract> contracts, CaptureKey key,
        CancellationToken cancel = default)
    {
        if (!ObjectName.IsValid(name) || await store.FindAsync(name, cancel) is not { } info)
        {
            throw new UsageException(
                $"{store.Location}: there is no object '{name}'. Name it as a list of the store does, for instance " +
                $"{CaptureNames.Capture("web", 0)}.");
        }
        if (name.EndsWith(".parquet", StringComparison.Ordinal))
        {
            return await SegmentAsync(store, info, contracts, cancel);
        }
        var bytes = await store.ReadAsync(name, cancel) ?? [];
        try
        {
            return Describe(name, bytes, key);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            throw new DifferenceException(
                $"{store.Location}: {name} ({bytes.Length} bytes) cannot be read " +
                $"({(e is InvalidDataException ? e.Message : e.GetType().Name)}).");
        }
    }

    /// <summary>Describes anything but a segment, from its bytes.</summary>
    public static string Describe(string name, byte[] bytes, CaptureKey key)
    {
        var document = bytes.AsSpan().StartsWith("CAPTURE"u8) ? Capture(name, bytes, key)
            : name.Contains("/_delta_log/", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal) ? Entry(bytes)
            : name.StartsWith(CaptureNames.SnapshotsFolder, StringComparison.Ordinal)
                ? new JsonObject { ["kind"] = "snapshot", ["state"] = JsonNode.Parse(SnapshotFile.Decode(bytes, name, key).ToJson()) }
            : name.StartsWith(CaptureNames.ColdFolder, StringComparison.Ordinal)
                ? new JsonObject { ["kind"] = "cold-page", ["page"] = JsonNode.Parse(ColdFile.DecodePage(bytes, name, key).ToJson()) }
            : bytes.Length is > 0 and < 1 << 20 && bytes[0] == '{' ? new JsonObject { ["kind"] = "document",
                ["content"] = JsonNode.Parse(bytes) }
            : throw new UsageException(
                $"{name}: {bytes.Length} bytes that are no capture, snapshot, cold page, commit, segment or document of this program.");
        return Write(name, bytes.Length, document, Sha256.Of(bytes));
    }

    private static JsonObject Capture(string name, byte[] bytes, CaptureKey key)
    {
        var header = CaptureFile.DecodeHeader(bytes, name);
        // Another installation's capture may be looked at; ours that was changed may not pass for what it was.
        if (header.Version > 1 && header.KeyId == key.KeyId && !(CaptureFile.IsAuthentic(bytes, key)
            && CaptureFile.HasBody(header, bytes, name)))
        {
            throw new InvalidDataException(
                "it says that it was made with this installation's key, and its code or the hash of its blocks does not fit. Restore it");
        }
        var rejected = new JsonArray();
        if (header.Rejections is { } range)
        {
            var runs = RejectionBlock.Decode(CaptureFile.Block(bytes, range.Offset, range.Length, name).Span);
            foreach (var group in runs.GroupBy(run => (run.Read, run.Reason)))
            {
                rejected.Add(new JsonObject
                {
                    ["read"] = group.Key.Read, ["reason"] = group.Key.Reason, ["lines"] = group.Sum(run => run.Count),
                        ["runs"] = group.Count(),
                    ["firstLine"] = group.Min(run => run.FirstLine), ["lastLine"] = group.Max(run => run.FirstLine + run.Count - 1),
                });
            }
        }
        return new() { ["kind"] = "capture", ["header"] = JsonNode.Parse(header.ToJson()), ["rejectedLines"] = rejected };
    }

    private static JsonObject Entry(byte[] bytes)
    {
        var actions = new JsonArray();
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var action = JsonNode.Parse(line);
            if (action?["add"] is JsonObject add && add["stats"] is JsonValue stats)
            {
                add["stats"] = stats.TryGetValue<string>(out var text) ? TimeOnly(text) : null;
            }
            actions.Add(action);
        }
        return new() { ["kind"] = "commit", ["actions"] = actions };
    }

    private static JsonObject? TimeOnly(string stats)
    {
        if (JsonNode.Parse(stats) is not JsonObject all)
        {
            return null;
        }
        return new()
        {
            ["numRecords"] = all["numRecords"]?.DeepClone(),
            ["minTime"] = (all["minValues"] as JsonObject)?["time"]?.DeepClone(),
                ["maxTime"] = (all["maxValues"] as JsonObject)?["time"]?.DeepClone(),
        };
    }

    private static async Task<string> SegmentAsync(IObjectStore store, ObjectInfo info, IReadOnlyList<Contract> contracts,
        CancellationToken cancel)
    {
        var dataset = info.Name.Split('/') is ["tables", var named, ..] ? named : "";
        if (info.Name.Contains("/_delta_log/", StringComparison.Ordinal)
            || contracts.FirstOrDefault(c => c.Dataset == dataset) is not { } contract)
        {
            return Write(info.Name, info.Length, new JsonObject { ["kind"] =
                info.Name.EndsWith(".checkpoint.parquet", StringComparison.Ordinal) ? "checkpoint" : "parquet" }, null);
        }
        var reader = await SegmentReader.OpenAsync(store, info.Name, contract, info.Length, cancel)
            ?? throw new DifferenceException($"{store.Location}: {info.Name} was listed and is gone.");
        var document = new JsonObject { ["kind"] = "segment", ["dataset"] = dataset, ["rows"] = reader.Rows,
            ["rowGroups"] = reader.RowGroups, ["createdBy"] = reader.CreatedBy };
        if (reader.Label is { } label)
        {
            document["label"] = new JsonObject
            {
                ["store"] = label.Store, ["kid"] = label.KeyId, ["contract"] = label.Contract,
                ["shards"] = new JsonArray(
                    [.. label.Shards.Select(s => (JsonNode)new JsonObject { ["shard"] = s.Shard, ["from"] = s.From, ["to"] = s.To })]),
            };
            if (label.Inputs is { } inputs)
            {
                document["label"]!["inputs"] = new JsonArray([.. inputs.Select(i => (JsonNode)JsonValue.Create(i))]);
            }
        }
        return Write(info.Name, info.Length, document, null);
    }

    private static string Write(string name, long length, JsonObject document, Sha256? hash)
    {
        document.Insert(1, "name", name);
        document.Insert(2, "bytes", length);
        if (hash is { } sha256)
        {
            document.Insert(3, "sha256", sha256.ToString());
        }
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true }))
        {
            document.WriteTo(json);
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
