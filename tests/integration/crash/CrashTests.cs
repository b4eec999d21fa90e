using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>
/// The real program, killed at seeded moments. A sample; in full by `./soak.sh crash [kills] [seed]`, which sets CRASH_KILLS and
/// CRASH_SEED.
/// Two installations are under way at once: one is imported into, the other runs.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Sample = 30;

    [Fact]
    public async Task Nothing_is_lost_and_nothing_is_doubled_by_a_kill_at_any_moment()
    {
        var (kills, seed) = (Number("CRASH_KILLS", Sample), Number("CRASH_SEED", 1));
        var folder = Directory.CreateTempSubdirectory("pipeline-crash-").FullName;
        var (totals, clock) = (new CrashTotals(), Stopwatch.StartNew());
        try
        {
            var import = new ImportRounds(seed, folder, totals).RunAsync(kills / 2, output.WriteLine);
            var run = new RunRounds(seed, folder, totals).RunAsync(kills - kills / 2, output.WriteLine);
            await (await Task.WhenAny(import, run));
            await Task.WhenAll(import, run);
        }
        catch (CrashException e)
        {
            Assert.Fail($"{e.Message}\n{totals}\nAgain: ./soak.sh crash {kills} {seed}");
        }
        output.WriteLine($"{totals}; seed {seed}, {clock.Elapsed.TotalSeconds:F0} s");
        Assert.True(totals.Kills >= kills, $"{totals.Kills} kills met the program at work, expected {kills}");
        Directory.Delete(folder, recursive: true);
    }

    private static int Number(string variable, int standard) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : standard;
}
