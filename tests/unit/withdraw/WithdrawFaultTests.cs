using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>A withdrawal whose process ends before or after any one of its store operations, and is run again.</summary>
public sealed class WithdrawFaultTests
{
    public static TheoryData<Fault, bool> Faults() => new(
        from fault in new[] { Fault.FailBefore, Fault.FailAfter, Fault.Tear } from captures in new[] { true, false }
        select (fault, captures));

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Rule_36_whichever_operation_is_the_last_the_next_run_ends_with_the_truth(Fault fault, bool captures)
    {
        var operations = await PlayAsync(-1, fault, captures);
        Assert.InRange(operations, 10, 1_000);
        for (var number = 0; number < operations; number++)
        {
            await PlayAsync(number, fault, captures);
        }
    }

    private static async Task<int> PlayAsync(int number, Fault fault, bool captures)
    {
        var made = await WithdrawWorld.OfAsync(captures: 3, snapshotEvery: 4);
        await made.World.CaptureAsync("other", StoredWorld.Rows(10, 1), StoredWorld.Rows(4, 1));
        await made.World.CaptureAsync("web", StoredWorld.Rows(5, 7, 1), StoredWorld.Rows(4, 1));
        await made.World.ShipAsync();
        var faulty = new FaultyStore(captures ? made.World.Us : made.World.Uk, FaultyStore.At(number, fault));
        try
        {
            await made.WithdrawAsync("web", new CaptureRange(1, 3), captures ? faulty : null, captures ? null : faulty);
        }
        catch (Exception e) when (number >= 0 && (e is StoreException || fault == Fault.Tear && e is PipelineException))
        {
        }
        await made.WithdrawAsync("web", new CaptureRange(1, 3));
        var report = await made.World.VerifyAsync(deep: true);
        var where = number < 0 ? "none" : $"{number}: {faulty.Operations.ElementAtOrDefault(number)}";
        Assert.True(report.Ok, $"{fault} of operation {where}: {report.ToJson()}");
        // Capture 0 of web and all of the other source stay, equal rows among them.
        Assert.True((20, 4) == (report.Records["xencenter-checks"], report.Records["agent-updates"])
            && (25, 4) == (report.Withdrawn["xencenter-checks"], report.Withdrawn["agent-updates"]), $"{where}: {report.ToJson()}");
        Assert.Equal(24, (await made.RowsAsync()).Count);
        return faulty.Count;
    }
}
