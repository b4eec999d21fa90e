using Pipeline.Core;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>The JSON formats that take parameters, or a rule for the client's address.</summary>
internal static class JsonFormats
{
    /// <summary>As `--format` is told them, beside the names that detection knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["ndjson:time=FIELD,…"];

    /// <summary>Null: it is no such name.</summary>
    /// <exception cref="PipelineException">2: the parameters or the rule do not fit the format.</exception>
    public static ILineFormat? Find(string spec, ClientAddressRule? client) =>
        spec == "frontdoor" && client is not null ? new FrontDoorFormat(client)
        : spec == "ndjson" ? throw new UsageException($"format ndjson needs the names of its fields; for example {NdjsonFields.Example}")
        : spec.StartsWith("ndjson:", StringComparison.Ordinal) ? new NdjsonFormat(spec["ndjson:".Length..], client)
        : null;
}
