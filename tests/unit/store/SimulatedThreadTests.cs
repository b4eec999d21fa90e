using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

public sealed class SimulatedThreadTests
{
    [Fact]
    public void The_same_seed_gives_the_same_order_and_others_give_others()
    {
        var orders = Enumerable.Range(0, 20).Select(seed => string.Join(' ', Order(seed))).ToList();
        Assert.Equal(orders, Enumerable.Range(0, 20).Select(seed => string.Join(' ', Order(seed))));
        Assert.True(orders.Distinct().Count() > 10);
    }

    [Fact]
    public void The_clock_moves_only_when_nothing_can_run()
    {
        var time = new SimulatedTime();
        new SimulatedThread(1, time).Run(async () =>
        {
            var start = time.GetUtcNow();
            for (var i = 0; i < 100; i++)
            {
                await Task.Yield();
            }
            Assert.Equal(start, time.GetUtcNow());
            await Task.WhenAll(Task.Delay(TimeSpan.FromHours(5), time), Task.Delay(TimeSpan.FromHours(2), time));
            Assert.Equal(start.AddHours(5), time.GetUtcNow());
            using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), time);
            await timer.WaitForNextTickAsync(CancellationToken.None);
            await timer.WaitForNextTickAsync(CancellationToken.None);
            Assert.Equal(start.AddHours(5).AddMinutes(2), time.GetUtcNow());
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3), time);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromDays(1), time, limit.Token));
            Assert.Equal(start.AddHours(5).AddSeconds(123), time.GetUtcNow());
        });
    }

    [Fact]
    public void A_deadlock_and_an_endless_run_name_the_seed()
    {
        var never = new TaskCompletionSource();
        Assert.Contains("seed 42: deadlock", Assert.Throws<SimulationException>(() =>
            new SimulatedThread(42, new SimulatedTime()).Run(() => never.Task)).Message, StringComparison.Ordinal);
        Assert.Contains("seed 43: not done", Assert.Throws<SimulationException>(() =>
            new SimulatedThread(43, new SimulatedTime()).Run(async () =>
        {
            while (!never.Task.IsCompleted)
            {
                await Task.Yield();
            }
        }, maxSteps: 1000)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_keeps_its_cause_and_names_the_seed()
    {
        var failure = Assert.Throws<SimulationException>(() => new SimulatedThread(7, new SimulatedTime()).Run(async () =>
        {
            await Task.Yield();
            throw new InvalidDataException("this");
        }));
        Assert.Contains("seed 7", failure.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidDataException>(failure.InnerException);
    }

    [Fact]
    public void What_leaves_the_thread_is_an_error()
    {
        Assert.Throws<SimulationException>(() => new SimulatedThread(1, new SimulatedTime()).Run(async () =>
        {
            var elsewhere = new TaskCompletionSource();
            var continued = ContinueAsync(elsewhere.Task);
            var thread = new Thread(elsewhere.SetResult);
            thread.Start();
            thread.Join();
            await continued;
        }));

        static async Task ContinueAsync(Task task) => await task;
    }

    private static List<int> Order(int seed)
    {
        var order = new List<int>();
        var time = new SimulatedTime();
        new SimulatedThread(seed, time).Run(() => Task.WhenAll(Enumerable.Range(0, 3).Select(async i =>
        {
            for (var n = 0; n < 3; n++)
            {
                await Task.Delay(TimeSpan.FromSeconds(n % 2), time);
                order.Add(i);
                await Task.Yield();
            }
        })));
        return order;
    }
}
