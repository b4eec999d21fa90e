using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>What a target took.</summary>
internal sealed class FuzzTotals
{
    public long Inputs, Records, Ticks, Slowest, MaxAllocated;

    public void Add(FuzzTotals other)
    {
        Inputs += other.Inputs;
        Records += other.Records;
        Ticks += other.Ticks;
        Slowest = Math.Max(Slowest, other.Slowest);
        MaxAllocated = Math.Max(MaxAllocated, other.MaxAllocated);
    }
}

/// <summary>Runs inputs in parts, each of one target and with choices of its own, so that a part can be run again alone, whatever else ran:
/// `FUZZ_PART`.</summary>
internal sealed class Fuzzer(long seed)
{
    /// <summary>A block that takes longer has hung. A machine that is busy may delay one; so it hung only where it does so each of three
    /// times.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(1);

    public const int PerPart = 20_000;

    private const int EndpointEvery = 40;

    private readonly SortedDictionary<string, FuzzTotals> _totals = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];

    public IReadOnlyDictionary<string, FuzzTotals> Totals => _totals;

    public IReadOnlyList<string> Failures => _failures;

    public static IReadOnlyList<long> Parts(long inputs) => [.. Enumerable.Range(0, (int)Math.Max(1, inputs / PerPart))
        .Select(i => (long)i)];

    public void Run(IEnumerable<long> parts, int threads)
    {
        var queue = new System.Collections.Concurrent.ConcurrentQueue<long>(parts);
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            var targets = FuzzTarget.All();
            while (_failures.Count == 0 && queue.TryDequeue(out var part))
            {
                // The endpoint and detection cost a hundred times what a line does: they have a smaller share.
                var target = part % EndpointEvery >= EndpointEvery - 2 ? targets[^(int)(EndpointEvery - part % EndpointEvery)]
                    : targets[(int)(part - part / EndpointEvery * 2) % (targets.Count - 2)];
                Part(target, part);
            }
        })).ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
    }

    private void Part(FuzzTarget target, long part)
    {
        var choose = Chooser.For(seed, part);
        var totals = new FuzzTotals();
        while (totals.Inputs < PerPart)
        {
            target.Make(choose);
            var (allocated, began) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            string? wrong = null;
            try
            {
                target.Take();
                var ticks = Stopwatch.GetTimestamp() - began;
                allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                if (allocated > target.MaxAllocated)
                {
                    // What is made once for all, such as the table of rules, is not of this block: taken again, it is there.
                    allocated = GC.GetAllocatedBytesForCurrentThread();
                    target.Take();
                    allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                }
                totals.Ticks += ticks;
                totals.Slowest = Math.Max(totals.Slowest, ticks);
                totals.MaxAllocated = Math.Max(totals.MaxAllocated, allocated);
                wrong = target.Wrong()
                    ?? (allocated > target.MaxAllocated
                        ? $"a block of {target.Made.Length} bytes allocated {allocated} bytes, at most {target.MaxAllocated} are allowed"
                        : null)
                    ?? (Hangs(target, ticks) ? "a block took over a second, each of three times" : null);
            }
            catch (Exception e)
            {
                wrong = $"{e.GetType().Name}{Environment.NewLine}{e.StackTrace}";
            }
            totals.Inputs += target.Inputs;
            totals.Records += target.Lines.XenCenter.Rows + target.Lines.Agent.Rows;
            if (wrong is not null)
            {
                Fail(target, part, wrong);
                break;
            }
        }
        lock (_totals)
        {
            if (!_totals.TryGetValue(target.Name, out var all))
            {
                _totals[target.Name] = all = new FuzzTotals();
            }
            all.Add(totals);
        }
    }

    private static bool Hangs(FuzzTarget target, long ticks)
    {
        for (var again = 0; ticks > Hang.TotalSeconds * Stopwatch.Frequency; again++)
        {
            if (again == 2)
            {
                return true;
            }
            var began = Stopwatch.GetTimestamp();
            target.Take();
            ticks = Stopwatch.GetTimestamp() - began;
        }
        return false;
    }

    /// <summary>The input is in a file, and never in the message: a corpus may once be made of real lines.</summary>
    private void Fail(FuzzTarget target, long part, string wrong)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("pipeline-fuzz-").FullName, "input");
        File.WriteAllBytes(file, target.Made.Bytes.ToArray());
        lock (_totals)
        {
            _failures.Add(string.Create(CultureInfo.InvariantCulture,
                $"{target.Name}: {wrong}; the block is in {file}; replay: FUZZ_SEED={seed} FUZZ_PART={part}"));
        }
    }
}
