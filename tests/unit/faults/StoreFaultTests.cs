using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Faults;

/// <summary>A run of the whole way in which one operation of a store goes wrong: for every operation, in every way.</summary>
public sealed class StoreFaultTests
{
    /// <summary>A process that does not end by then waits for an answer that never comes. Virtual time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    private static readonly TrueLog Log = new(lines: 32);

    public static TheoryData<Fault, bool> Faults() => new(
        from fault in new[] { Fault.FailBefore, Fault.FailAfter, Fault.Tear, Fault.Hang, Fault.HangAfter } from captures in new[] { true,
            false } select (fault, captures));

    [Theory]
    [MemberData(nameof(Faults))]
    public void Nothing_is_lost_or_doubled_whichever_operation_goes_wrong(Fault fault, bool captures)
    {
        var operations = Play(-1, fault, captures).Count;
        Assert.InRange(operations, 30, 1_000);
        var survived = 0;
        Parallel.For(0, operations, new ParallelOptions { MaxDegreeOfParallelism = 2 }, number =>
        {
            if (Play(number, fault, captures).Alone)
            {
                Interlocked.Increment(ref survived);
            }
        });
        // A hanging call is never survived; of the others most are, by a retry.
        Assert.InRange(survived, fault is Fault.Hang or Fault.HangAfter ? 0 : 1, fault is Fault.Hang or Fault.HangAfter ? 0 : operations);
    }

    /// <summary>1 a process meets the fault, and goes on or ends — 2 where it did not end well, a new one starts — 3 a call that hung goes
    /// on, and its process with it — 4 the truth.</summary>
    private static (int Count, bool Alone) Play(int number, Fault fault, bool captures)
    {
        var time = new SimulatedTime();
        var (us, uk) = (new MemoryStore(time, "us"), new MemoryStore(time, "uk"));
        var faulty = new FaultyStore(captures ? us : uk, FaultyStore.At(number, fault));
        var witness = new Witness();
        try
        {
            return new SimulatedThread(number, time).Run(async () =>
            {
                // 1
                var first = EndedAsync(new WholeWay(captures ? faulty : us, captures ? uk : faulty, time, Log, witness).RunAsync(), fault);
                var alone = await Task.WhenAny(first, Task.Delay(Patience, time)) == first && await first;
                // 2
                if (!alone)
                {
                    await new WholeWay(us, uk, time, Log, witness).RunAsync();
                }
                // 3
                faulty.Release();
                await Task.WhenAny(first, Task.Delay(Patience, time));
                Assert.True(first.IsCompleted, "the process did not end after its call had been answered");
                // 4
                await new WholeWay(us, uk, time, Log, witness).CheckAsync();
                return (faulty.Count, alone);
            });
        }
        catch (SimulationException e)
        {
            throw new InvalidOperationException(
                $"{fault} of operation {number} ({(number < 0 ? "none" : faulty.Operations[number])}) in {faulty.Location}: " +
                $"{e.InnerException?.Message ?? e.Message}", e);
        }
    }

    /// <summary>False: it ended as a process may that meets this fault, and not by a fault of its own.</summary>
    private static async Task<bool> EndedAsync(Task process, Fault fault)
    {
        try
        {
            await process;
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
        catch (Exception e) when (e is FencedException && fault is Fault.Hang or Fault.HangAfter)
        {
            // It woke after another had taken over.
            return false;
        }
        catch (PipelineException) when (fault == Fault.Tear)
        {
            // Half an object passed for the whole one: it was not believed.
            return false;
        }
    }
}
