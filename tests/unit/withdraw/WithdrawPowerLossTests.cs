using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Core.Table.Log;
using Pipeline.Ingest.Shard;
using Pipeline.Processor.Verify;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Faults;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>A withdrawal on a disk that forgets what was not synced, stopped before every one of its operations.</summary>
public sealed class WithdrawPowerLossTests
{
    private static readonly TrueLog Log = new(lines: 16);

    private static readonly ShardLimits Limits = new(4_000, 3);

    private static readonly InstallationKey Key = new([.. Enumerable.Range(1, InstallationKey.Length).Select(i => (byte)i)]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rule_36_a_withdrawal_that_dies_anywhere_is_finished_by_the_next_run(bool power)
    {
        var (begun, ended) = Play(null, power);
        Assert.InRange(ended - begun, 50, 2_000);
        Parallel.For(begun, ended, new ParallelOptions { MaxDegreeOfParallelism = 2 }, number => Play(number, power));
    }

    private static (long Begun, long Ended) Play(long? number, bool power)
    {
        var time = new SimulatedTime();
        var disk = new VolatileDisk((int)(number ?? 0), time);
        return new SimulatedThread(1, time).Run(async () =>
        {
            using (var us = DirectoryStore.Create("/data/us", disk))
            using (var uk = DirectoryStore.Create("/data/uk", disk))
            {
                await new WholeWay(us, uk, time, Log, new Witness()).RunAsync();
            }
            var begun = disk.Operations;
            if (number is { } at)
            {
                disk.StopAt(at);
            }
            try
            {
                await WithdrawAsync(disk, time);
            }
            catch (Exception e) when (number is not null && IsStop(e))
            {
            }
            var ended = disk.Operations;
            if (number is not null)
            {
                if (power)
                {
                    disk.Crash();
                }
                else
                {
                    disk.Restart();
                }
                await WithdrawAsync(disk, time);
            }
            await CheckAsync(disk, time, $"{(power ? "power loss" : "kill")} before operation {number}");
            return (begun, ended);
        });
    }

    private static async Task WithdrawAsync(VolatileDisk disk, TimeProvider time)
    {
        using var us = new DirectoryStore("/data/us", disk);
        using var uk = new DirectoryStore("/data/uk", disk);
        var (captures, logs) = await OpenAsync(us, uk, time);
        await new WithdrawParts(captures, logs, Key, Limits).RunAsync("web", null);
    }

    private static async Task CheckAsync(VolatileDisk disk, TimeProvider time, string where)
    {
        using var us = new DirectoryStore("/data/us", disk);
        using var uk = new DirectoryStore("/data/uk", disk);
        var (captures, logs) = await OpenAsync(us, uk, time);
        var report = await new Verifier(captures, logs, Key.RowKey(), Workers.Inline, null, Limits.SnapshotEvery).RunAsync(deep: true);
        Assert.True(report.Ok && report.Lines == Log.Lines && report.Withdrawn.Values.Sum() == Log.Rows.Count
            && report.Tables.Values.Sum(table => table.ReadRows) == 0, $"{where}: {report.ToJson()}");
    }

    private static async Task<(CaptureStore Captures, IReadOnlyList<TableLog> Logs)> OpenAsync(IObjectStore us, IObjectStore uk,
        TimeProvider time)
    {
        var (capture, _) = await StoreIdentity.InitEmbeddedAsync(us, "us", uk, "uk", PublishedContracts.All);
        return (new CaptureStore(us, capture.Id, Key.Captures()),
            [.. PublishedContracts.All.Select(contract => new TableLog(uk, contract, capture.Id, Key.KeyId, time))]);
    }

    private static bool IsStop(Exception? e) => e is not null && (e is DiskStoppedException || IsStop(e.InnerException));
}
