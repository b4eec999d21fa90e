using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>
/// Promise 2 for files that are followed. `TAIL_SEEDS=FROM..TO` runs those seeds (TO is not among them) instead of the sample, and one seed
/// replays a failure: `TAIL_SEEDS=17..18`.
/// </summary>
public sealed class TailScheduleTests(ITestOutputHelper output)
{
    private const int Sample = 60;

    [Fact]
    public async Task Nothing_that_was_complete_when_it_was_read_is_lost_or_doubled_and_what_a_rotation_destroyed_is_counted()
    {
        var (from, to) = Seeds();
        var totals = new TailTotals();
        var failures = new SortedDictionary<int, string>();
        var clock = Stopwatch.StartNew();
        for (var seed = from; seed < to && failures.Count < 10; seed++)
        {
            using var schedule = new TailSchedule(seed);
            try
            {
                totals.Add(await schedule.RunAsync());
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures[seed] = $"seed {seed}: {e.Message}" + (to - from == 1 ? "\n" + string.Join("\n", schedule.Trace) : "");
            }
        }
        var text = $"seeds {from}..{to} in {clock.Elapsed.TotalSeconds:F1} s: {totals}";
        output.WriteLine(text);
        Assert.True(failures.Count == 0,
            $"{text}\n{string.Join("\n", failures.Values)}\nReplay: " +
            $"TAIL_SEEDS={failures.Keys.FirstOrDefault()}..{failures.Keys.FirstOrDefault() + 1}");
        // A proof that did not meet what it is for proves nothing.
        Assert.True(to - from < Sample
            || (totals is { CopyTruncates: > 0, Truncates: > 0, Renames: > 0, Deletes: > 0, Gzips: > 0, Kills: > 0, Detected: > 0,
            LostAtDestruction: > 0 }), text);
    }

    private static (int From, int To) Seeds()
    {
        if (Environment.GetEnvironmentVariable("TAIL_SEEDS") is not { Length: > 0 } text)
        {
            return (0, Sample);
        }
        var ends = text.Split("..");
        return (int.Parse(ends[0], CultureInfo.InvariantCulture), int.Parse(ends[1], CultureInfo.InvariantCulture));
    }
}
