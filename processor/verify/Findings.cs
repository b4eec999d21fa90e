using Pipeline.Core;

namespace Pipeline.Processor.Verify;

/// <summary>What a part of the verification found wrong, in the order in which it was found. One thread at a time.</summary>
internal sealed class Findings
{
    /// <summary>Contradictions, in words.</summary>
    public List<string> Differences { get; } = [];

    /// <summary>Objects that do not hold what they were written with.</summary>
    public List<ReportedObject> Corrupt { get; } = [];

    /// <summary>Objects that something says must be there, and that are not.</summary>
    public List<ReportedObject> Deleted { get; } = [];

    /// <summary>Whether nothing was found.</summary>
    public bool None => Differences.Count + Corrupt.Count + Deleted.Count == 0;

    /// <summary>A fault that a reader met: damage by its object, anything else in words.</summary>
    public void Add(PipelineException fault)
    {
        if (fault is CorruptException damage)
        {
            AddCorrupt(damage.Target, damage.Why);
        }
        else
        {
            Differences.Add(fault.Message);
        }
    }

    /// <summary>Once for each object: what is found first is nearest to the cause.</summary>
    public void AddCorrupt(string target, string why)
    {
        if (Corrupt.TrueForAll(known => known.Object != target))
        {
            Corrupt.Add(new ReportedObject(target, why));
        }
    }

    /// <summary>As <see cref="AddCorrupt"/>.</summary>
    public void AddDeleted(string target, string why)
    {
        if (Deleted.TrueForAll(known => known.Object != target))
        {
            Deleted.Add(new ReportedObject(target, why));
        }
    }

    /// <summary>All of these in one; objects that several parts found are named once.</summary>
    public static Findings Of(IEnumerable<Findings> parts)
    {
        var all = new Findings();
        foreach (var part in parts)
        {
            all.Differences.AddRange(part.Differences);
            all.Corrupt.AddRange(part.Corrupt.ExceptBy(all.Corrupt.Select(known => known.Object), found => found.Object));
            all.Deleted.AddRange(part.Deleted.ExceptBy(all.Deleted.Select(known => known.Object), found => found.Object));
        }
        return all;
    }
}
