using System.Diagnostics;
using System.Globalization;
using Pipeline.Tests.Integration.Kafka;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>
/// The distributed way, its processes, brokers and stores killed at seeded moments. A sample; in full by `./soak.sh distributed [kills]
/// [seed]`, which sets DISTRIBUTED_KILLS and DISTRIBUTED_SEED.
/// </summary>
public sealed class DistributedCrashTests(ITestOutputHelper output)
{
    private const int Sample = 15;

    [Fact]
    public async Task Nothing_is_lost_and_nothing_is_doubled_when_processes_brokers_and_stores_die_at_any_moment()
    {
        var place = BrokerPlace.Find();
        Assert.SkipUnless(place?.MayHaveOwn == true,
            "this test kills brokers: it needs KAFKA_HOME, or the broker script at ../shared/kafka/broker beside the repository");
        var (kills, seed) = (Number("DISTRIBUTED_KILLS", Sample), Number("DISTRIBUTED_SEED", 1));
        var folder = Directory.CreateTempSubdirectory("pipeline-crash-").FullName;
        var (totals, clock) = (new DistributedTotals(), Stopwatch.StartNew());
        try
        {
            await new DistributedRounds(seed, folder, totals).RunAsync(kills, output.WriteLine);
        }
        catch (CrashException e)
        {
            Assert.Fail($"{e.Message}\n{totals}\nAgain: ./soak.sh distributed {kills} {seed}");
        }
        output.WriteLine($"{totals}; seed {seed}, {clock.Elapsed.TotalSeconds:F0} s");
        Directory.Delete(folder, recursive: true);
    }

    private static int Number(string variable, int standard) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : standard;
}
