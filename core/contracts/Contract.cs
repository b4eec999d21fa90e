namespace Pipeline.Core.Contracts;

public enum FieldType { Timestamp, String }

/// <summary>One declared field. Patterns are for tests and validation; the hot path holds them by construction.</summary>
public sealed record ContractField(string Name, FieldType Type, bool Required, string? Pattern, int? MaxLength);

/// <summary>Where a dataset's stores may be: lower-case region names.</summary>
public sealed record Residency(IReadOnlyList<string> CaptureRegions, IReadOnlyList<string> TableRegions);

public enum RetentionMode { Indefinite, Fixed, Customer, None }

/// <summary>
/// A dataset as its ODCS 3.1 file declares it. Fields are in the file's order and the first is the timestamp `time`.
/// <see cref="Sha256"/> (lower-case hex) is of the file's bytes.
/// </summary>
public sealed record Contract(
    string Dataset,
    string Version,
    string Sha256,
    ReadOnlyMemory<byte> Bytes,
    IReadOnlyList<ContractField> Fields,
    Residency Residency,
    RetentionMode Retention,
    int ExpireCapturesAfterDays)
{
    /// <summary>The declared strings, that is all fields but `time`.</summary>
    public IEnumerable<ContractField> Strings => Fields.Skip(1);
}
