using System.Collections.Concurrent;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Processor.Verify;

/// <summary>Decodes the frames of a capture, hashes every row again, and compares with what the header declares per date. Safe to use from
/// many threads.</summary>
internal sealed class FrameCheck(IReadOnlyList<Contract> contracts, ReadOnlyMemory<byte> rowKey) : IDisposable
{
    private readonly ConcurrentBag<RowHash> _hashes = [];

    /// <summary>What differs, in words; empty where all is as declared.</summary>
    public IReadOnlyList<string> Check(Capture capture)
    {
        var differences = new List<string>();
        foreach (var entry in capture.Header.Frames)
        {
            if (contracts.FirstOrDefault(contract => contract.Dataset == entry.Dataset) is { } contract
                && Check(capture, entry, contract) is { } difference)
            {
                differences.Add($"shard {capture.Header.Shard}: capture {capture.Link.Number}: its frame of {entry.Dataset} {difference}.");
            }
        }
        return differences;
    }

    public void Dispose()
    {
        while (_hashes.TryTake(out var hash))
        {
            hash.Dispose();
        }
    }

    private string? Check(Capture capture, FrameEntry entry, Contract contract)
    {
        var found = new Dictionary<UtcDay, Sums>();
        var hash = _hashes.TryTake(out var free) ? free : new RowHash(rowKey.Span);
        try
        {
            foreach (var batch in FrameDecoder.Decode(contract, capture.Frame(entry), entry.Rows))
            {
                hash.AddByDay(batch, found);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The reader's message could hold bytes of a row: only its type is told.
            return $"cannot be decoded ({e.GetType().Name})";
        }
        finally
        {
            _hashes.Add(hash);
        }
        var declared = entry.Dates.ToDictionary(d => UtcDay.Parse(d.Key), d => d.Value.Sums);
        foreach (var date in declared.Keys.Union(found.Keys).Order())
        {
            var (a, b) = (declared.GetValueOrDefault(date), found.GetValueOrDefault(date));
            if (a != b)
            {
                return $"holds {b.Rows} rows of {date}, its header declares {a.Rows}{(a.Rows == b.Rows ? ", with other sums" : "")}";
            }
        }
        return null;
    }
}
