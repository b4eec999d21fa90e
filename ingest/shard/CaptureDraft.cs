using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Classification;

namespace Pipeline.Ingest.Shard;

/// <summary>Step 3 of the shard: encoded blocks gathered until one more would make the capture too large. One draft at a time, one
/// thread.</summary>
public sealed class CaptureDraft(IReadOnlyList<Contract> contracts, long mostBytes = CaptureFile.MaxBytes)
{
    // Upper bounds of what a header spends on its parts, so that a cut is decided before anything is serialised. A read has room for what
    // a recall adds to it.
    private const int HeaderBytes = 4_096, ReadBytes = 600, DateBytes = 90, RunBytes = 4, CountBytes = 24, CheckBytes = 40;

    private readonly List<EncodedBlock> _blocks = [];
    private readonly HashSet<(string, UtcDay)> _days = [];
    private long _bytes = HeaderBytes;

    public int Count => _blocks.Count;

    /// <summary>The reads that go on with a file or stream which the state does not have: it is cold, or a branch of one that it
    /// has.</summary>
    public IEnumerable<ReadEntry> Unknown(ShardState state) => _blocks.Select(block => block.Read)
        .Where(read => read.From > 0 && (read.File is { } file ? !state.Files.ContainsKey(ShardState.FileKey(read.Source, file))
            : read.Stream is { } stream && !state.Streams.ContainsKey(ShardState.FileKey(read.Source, stream))));

    /// <summary>Takes the block, or returns false where it must begin the next capture. An empty draft takes any block.</summary>
    public bool TryAdd(EncodedBlock block)
    {
        var days = block.Rows.SelectMany(r => r.Days.Keys.Select(day => (r.Dataset, day))).Where(d => !_days.Contains(d)).ToList();
        var bytes = block.Rows.Sum(r => r.Bytes) + ReadBytes + (block.Read.Fields?.Length ?? 0) + Counts(block.Read.Rules)
            + Counts(block.Read.Shapes)
            + (block.Read.Checks?.Count ?? 0) * CheckBytes + (block.Read.Branch is null ? 0 : CheckBytes * 3) + Counts(block.Read.Notes)
                + (long)days.Count * DateBytes + (long)block.Rejected.Count * RunBytes;
        if (_blocks.Count > 0 && _bytes + bytes > mostBytes)
        {
            return false;
        }
        _blocks.Add(block);
        _days.UnionWith(days);
        _bytes += bytes;
        return true;
    }

    /// <summary>
    /// The capture that continues <paramref name="state"/>, and each block's read and frames in it. An empty draft makes the empty capture
    /// that claims a shard (rule 5).
    /// </summary>
    /// <param name="notes">Reads that bring only notes.</param>
    /// <param name="cold">What goes cold with it, and what is cold no more.</param>
    public (byte[] Bytes, CaptureHeader Header) Encode(ShardState state, string session, IEnumerable<ReadEntry> notes, CaptureKey key,
        ColdParts? cold = null)
    {
        var reads = new List<ReadEntry>();
        var runs = new List<RejectedLines>();
        foreach (var block in _blocks)
        {
            if (reads.Count > 0 && Continues(reads[^1], block.Read))
            {
                reads[^1] = Join(reads[^1], block.Read);
            }
            else
            {
                reads.Add(block.Read);
            }
            foreach (var run in block.Rejected)
            {
                var here = run with { Read = reads.Count - 1 };
                if (runs.Count > 0 && runs[^1].Read == here.Read && runs[^1].Reason == here.Reason && runs[^1].FirstLine
                    + runs[^1].Count == here.FirstLine)
                {
                    runs[^1] = runs[^1] with { Count = runs[^1].Count + here.Count };
                }
                else
                {
                    runs.Add(here);
                }
            }
        }
        for (var i = 0; i < reads.Count; i++)
        {
            reads[i] = cold?.Recall(reads[i] with { Shapes = ShapeNames.Cut(reads[i].Shapes) })
                ?? reads[i] with { Shapes = ShapeNames.Cut(reads[i].Shapes) };
        }
        reads.AddRange(notes);
        var entries = new List<FrameEntry>();
        var frames = new List<byte[]>();
        foreach (var contract in contracts.OrderBy(c => c.Dataset, StringComparer.Ordinal))
        {
            var parts = _blocks.SelectMany(b => b.Rows).Where(r => r.Dataset == contract.Dataset).ToList();
            if (parts.Count > 0)
            {
                frames.Add(FrameEncoder.Frame(contract, parts.SelectMany(p => p.Batches)));
                entries.Add(new FrameEntry { Dataset = contract.Dataset, Offset = 0, Length = 0, Rows = parts.Sum(p => p.Rows),
                    Dates = Dates(parts) });
            }
        }
        var header = new CaptureHeader
        {
            Store = state.Store, Shard = state.Shard, Number = state.Next, Session = session, Previous = state.Head?.Hash,
                KeyId = state.KeyId,
            Contracts = new(contracts.ToDictionary(c => c.Dataset, c => c.Sha256), StringComparer.Ordinal),
            Links = new(state.Links.ToDictionary(l => l.Key, l => l.Value), StringComparer.Ordinal),
            Reads = reads, Frames = entries, Cold = cold?.Mark,
        };
        header = header with { Version = header.NeedsCurrent ? CaptureHeader.CurrentVersion : CaptureHeader.PlainVersion };
        return CaptureFile.Encode(header, RejectionBlock.Encode(runs), frames, key);
    }

    public void Clear()
    {
        _blocks.Clear();
        _days.Clear();
        _bytes = HeaderBytes;
    }

    private static SortedDictionary<string, DaySums> Dates(IEnumerable<EncodedRows> parts)
    {
        var days = new SortedDictionary<UtcDay, Sums>();
        foreach (var (day, sums) in parts.SelectMany(p => p.Days))
        {
            days[day] = days.GetValueOrDefault(day) + sums;
        }
        return new(days.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(d.Value)), StringComparer.Ordinal);
    }

    /// <summary>What these take in a header, if no other block has the same names: ASCII that JSON does not escape.</summary>
    private static long Counts(SortedDictionary<string, long>? counts) => counts?.Keys.Sum(key => (long)key.Length + CountBytes) ?? 0;

    private static bool Continues(ReadEntry last, ReadEntry next) => next.File is not null && last.Source == next.Source
        && last.File == next.File && last.To == next.From && last.Format == next.Format && last.Parser == next.Parser
        && (next.Branch is null || next.Branch == last.Branch);

    private static ReadEntry Join(ReadEntry a, ReadEntry b) => b with
    {
        From = a.From, Line = a.Line, Physical = a.Physical + b.Physical, Lines = a.Lines + b.Lines, Duplicates = a.Duplicates
            + b.Duplicates, DuplicateRules = Add(a.DuplicateRules, b.DuplicateRules),
        Rules = Add(a.Rules, b.Rules), Shapes = Add(a.Shapes, b.Shapes),
        Rejected = Add(a.Rejected, b.Rejected), Notes = Add(a.Notes, b.Notes), Branch = a.Branch,
        Checks = EarlierChecks.Join(a.Checks, b.Checks, b.To),
    };

    private static SortedDictionary<string, long>? Add(SortedDictionary<string, long>? a, SortedDictionary<string, long>? b)
    {
        if (a is null || b is null)
        {
            return a ?? b;
        }
        var sum = new SortedDictionary<string, long>(a, StringComparer.Ordinal);
        foreach (var (key, value) in b)
        {
            sum[key] = sum.GetValueOrDefault(key) + value;
        }
        return sum;
    }
}
