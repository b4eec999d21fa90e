using Pipeline.Core.Store.Directories;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Faults;

/// <summary>A run of the whole way on a disk that forgets what was not synced, stopped before every one of its operations.</summary>
public sealed class PowerLossTests
{
    private static readonly TrueLog Log = new(lines: 16);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_acknowledged_stands_and_the_next_run_ends_with_the_truth(bool power)
    {
        var operations = Play(long.MaxValue, power);
        Assert.InRange(operations, 300, 10_000);
        Parallel.For(0, operations, new ParallelOptions { MaxDegreeOfParallelism = 2 }, number => Play(number, power));
    }

    private static long Play(long number, bool power)
    {
        var time = new SimulatedTime();
        var disk = new VolatileDisk((int)(number % int.MaxValue), time);
        var witness = new Witness();
        try
        {
            return new SimulatedThread(1, time).Run(async () =>
            {
                if (number < long.MaxValue)
                {
                    disk.StopAt(number);
                }
                await LiveAsync(disk, time, witness, dies: number < long.MaxValue);
                var operations = disk.Operations;
                if (number < long.MaxValue)
                {
                    if (power)
                    {
                        disk.Crash();
                    }
                    else
                    {
                        disk.Restart();
                    }
                    await LiveAsync(disk, time, witness, dies: false);
                }
                using var us = new DirectoryStore("/data/us", disk);
                using var uk = new DirectoryStore("/data/uk", disk);
                await new WholeWay(us, uk, time, Log, witness).CheckAsync();
                return operations;
            });
        }
        catch (SimulationException e)
        {
            throw new InvalidOperationException(
                $"{(power ? "power loss" : "kill")} before operation {number} " +
                $"({disk.Log.ElementAtOrDefault((int)Math.Min(number, int.MaxValue))}): {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    private static async Task LiveAsync(VolatileDisk disk, SimulatedTime time, Witness witness, bool dies)
    {
        try
        {
            var us = DirectoryStore.Create("/data/us", disk);
            var uk = DirectoryStore.Create("/data/uk", disk);
            await new WholeWay(us, uk, time, Log, witness).RunAsync();
            us.Dispose();
            uk.Dispose();
        }
        catch (Exception e) when (dies && IsStop(e))
        {
        }
    }

    private static bool IsStop(Exception? e) => e is not null && (e is DiskStoppedException || IsStop(e.InnerException));
}
