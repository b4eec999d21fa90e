using Pipeline.Core.Contracts;
using Pipeline.Ingest.Formats;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>The two datasets' shapes, by hand.</summary>
internal static class TestContracts
{
    public static readonly Contract XenCenter = Of("xencenter-checks", "xencenter_version", required: true);

    public static readonly Contract Agent = Of("agent-updates", "vm_uuid_prefix", required: false);

    public static ParsedLines Lines() => new(XenCenter, Agent);

    private static Contract Of(string dataset, string field, bool required) => new(
        dataset, "1.0.0", "", ReadOnlyMemory<byte>.Empty,
        [new("time", FieldType.Timestamp, true, null, null), new("client_ip", FieldType.String, true, null, 45), new(field, FieldType.String, required, null, null)],
        new Residency(["us"], ["uk"]), RetentionMode.Indefinite, 30);
}
