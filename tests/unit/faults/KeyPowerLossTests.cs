using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Faults;

/// <summary>The key is on stable storage before anything that was made with it.</summary>
public sealed class KeyPowerLossTests
{
    private const string Capture = "captures/web/0";

    [Fact]
    public void Rule_28_whatever_is_lost_with_the_power_no_capture_stands_without_its_key()
    {
        var operations = Play(long.MaxValue);
        Assert.InRange(operations, 20, 1_000);
        for (var number = 0L; number < operations; number++)
        {
            // Which of the changes that were not synced survive is drawn: several draws for each operation.
            for (var seed = 0; seed < 8; seed++)
            {
                Play(number, seed);
            }
        }
    }

    private static long Play(long number, int seed = 0)
    {
        var time = new SimulatedTime();
        var disk = new VolatileDisk(seed, time);
        return new SimulatedThread(1, time).Run(async () =>
        {
            if (number < long.MaxValue)
            {
                disk.StopAt(number);
            }
            try
            {
                KeyFile.Create("/data/keys", disk);
                var us = DirectoryStore.Create("/data/us", disk);
                await us.PutIfAbsentAsync(Capture, new byte[] { 1 });
                us.Dispose();
            }
            catch (Exception e) when (e is DiskStoppedException || e.InnerException is DiskStoppedException)
            {
            }
            var operations = disk.Operations;
            disk.Crash();
            if (disk.FolderExists("/data/us") && disk.Stat("/data/us/" + Capture) is not null)
            {
                Assert.True(disk.Stat("/data/keys/" + KeyFile.Name) is { Length: > 0 },
                    $"stopped before operation {number}, draw {seed}: the capture stands, the key does not");
            }
            return operations;
        });
    }
}
