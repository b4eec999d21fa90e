using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Repair;

/// <summary>
/// What a repair of captures <paramref name="From"/> to <paramref name="To"/> of a shard would bring, or brought (<paramref name="DryRun"/>
/// false).
/// </summary>
/// <param name="Tables">Every dataset, whether anything of it is to be done or not.</param>
public sealed record RepairReport(string Shard, long From, long To, bool DryRun, IReadOnlyList<TableRepair> Tables)
{
    public string ToJson() => JsonSerializer.Serialize(this, RepairJson.Default.RepairReport);
}

/// <summary>One table's part of a repair.</summary>
/// <param name="Ranges">Captures that no commit in force lists and that have records; both ends inclusive. After a repair, what it
/// brought.</param>
/// <param name="Listed">Captures asked for that commits in force list already: nothing is done with them.</param>
/// <param name="Pending">Captures asked for that lie above what is shipped: the shipper brings them.</param>
/// <param name="Versions">The entries that were committed.</param>
/// <param name="Receipts">Their receipts, in the table store.</param>
public sealed record TableRepair(string Dataset, IReadOnlyList<CaptureRange> Ranges, long Frames, long Rows, long Listed, long Pending,
    IReadOnlyList<long> Versions, IReadOnlyList<string> Receipts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(RepairReport))]
internal sealed partial class RepairJson : JsonSerializerContext;
