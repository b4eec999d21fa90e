namespace Pipeline.Tests.Unit.Faults;

/// <summary>What processes told the outside, which no crash may take back (promise 1).</summary>
internal sealed class Witness
{
    /// <summary>The log was acknowledged up to here, in bytes.</summary>
    public long Acknowledged { get; set; }

    /// <summary>Per dataset, the table's version that was told to be committed.</summary>
    public Dictionary<string, long> Committed { get; } = [];
}
