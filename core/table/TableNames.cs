using System.Globalization;

namespace Pipeline.Core.Table;

/// <summary>The names of a table's objects in its store, and of its `txn`.</summary>
public static class TableNames
{
    private const string CheckpointEnd = ".checkpoint.parquet";

    /// <summary>The table's folder, which ends with '/'; paths of segments are relative to it.</summary>
    public static string Folder(string dataset) => $"tables/{dataset}/";

    /// <summary>The beginning of every segment's name. A listing of it leaves the log out, which grows without bound.</summary>
    public static string Partitions(string dataset) => $"{Folder(dataset)}date=";

    public static string Log(string dataset) => $"{Folder(dataset)}_delta_log/";

    public static string Entry(string dataset, long version) => $"{Log(dataset)}{version:D20}.json";

    public static string Checkpoint(string dataset, long version) => $"{Log(dataset)}{version:D20}{CheckpointEnd}";

    public static string LastCheckpoint(string dataset) => $"{Log(dataset)}_last_checkpoint";

    /// <summary>Sorts before every name of this version or a later one, and after all names of earlier ones.</summary>
    public static string Before(string dataset, long version) => $"{Log(dataset)}{version:D20}";

    public static string Segment(string dataset, string path) => Folder(dataset) + path;

    /// <summary>The version of a classic checkpoint in one part; null for every other name.</summary>
    public static long? CheckpointVersion(string name)
    {
        var file = name[(name.LastIndexOf('/') + 1)..];
        return file.Length == 20 + CheckpointEnd.Length && file.EndsWith(CheckpointEnd, StringComparison.Ordinal)
            && long.TryParse(file.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    internal const string TxnPrefix = "pipeline/", TxnHash = "/sha256";

    /// <summary>Beside rule 22's two: the capture whose withdrawal the table has carried out last (rule 36).</summary>
    internal const string TxnWithdrawn = "pipeline-withdrawn/";

    internal static string TxnOfNumber(string shard) => TxnPrefix + shard;

    internal static string TxnOfHash(string shard) => TxnPrefix + shard + TxnHash;

    /// <summary>Pairs the two `txn` of each shard (rule 22). A half pair is an <see cref="InvalidDataException"/>.</summary>
    internal static Dictionary<string, ShippedLink> ShippedOf(IReadOnlyDictionary<string, long> txn)
    {
        var shipped = new Dictionary<string, ShippedLink>();
        foreach (var (id, number) in txn.Where(pair => pair.Key.StartsWith(TxnPrefix, StringComparison.Ordinal)))
        {
            if (id.EndsWith(TxnHash, StringComparison.Ordinal))
            {
                if (!txn.ContainsKey(id[..^TxnHash.Length]))
                {
                    throw new InvalidDataException($"txn '{id}' stands without its number");
                }
                continue;
            }
            if (!Captures.CaptureNames.IsName(id[TxnPrefix.Length..]))
            {
                throw new InvalidDataException("a txn names a shard whose name no shard can have");
            }
            shipped[id[TxnPrefix.Length..]] = txn.TryGetValue(id + TxnHash, out var bits)
                ? new(number, bits)
                : throw new InvalidDataException($"txn '{id}' stands without its hash");
        }
        return shipped;
    }
}
