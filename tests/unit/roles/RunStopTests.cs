using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Cli;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Ingest.Push;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Roles;

/// <summary>The real `run` on stores that stop answering, told to stop by a signal, with a clock of the test's own.</summary>
public sealed class RunStopTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("us", Fault.Hang)]
    [InlineData("us", Fault.FailBefore)]
    [InlineData("uk", Fault.Hang)]
    [InlineData("uk", Fault.FailBefore)]
    public async Task A_run_that_is_told_to_stop_ends_within_its_bound_whichever_operation_stops_answering(string side, Fault fault)
    {
        foreach (var number in (int[])[0, 2, 5, 9, 14, 25])
        {
            var (from, reached) = (number, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            Fault Plan(StoreOperation operation)
            {
                if (operation.Number < from)
                {
                    return Fault.None;
                }
                reached.TrySetResult();
                return fault;
            }
            var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
            var settings = Settings(number);
            using var installation = await OpenInstallation.OpenOrCreateAsync(settings.Places, time, TestContext.Current.CancellationToken);
            installation.Meter((which, store) => which == side ? new FaultyStore(store, Plan) : store);
            using var signal = new CancellationTokenSource();
            var run = new RunRole(settings, installation, RunParts.All, new RoleLog(time, TextWriter.Null)).RunAsync(signal.Token);

            // Later operations come with the rounds of the shipper, once a period.
            await UntilAsync(time, () => reached.Task.IsCompleted);
            await signal.CancelAsync();
            var told = time.GetUtcNow();
            await UntilAsync(time, () => run.IsCompleted);
            var took = time.GetUtcNow() - told;
            Assert.True(took <= RunRole.StopWithin + TimeSpan.FromSeconds(10), $"operation {number}: it took {took}");
            // Stopped; or, while it started, the outage that it met.
            var well = run.IsCompletedSuccessfully ? await run == ExitCode.Done : run.Exception!.InnerException is StoreException;
            Assert.True(well, run.Exception?.ToString() ?? $"it ended with {await run}");
        }
    }

    /// <summary>Lets the program's clock go on, a second at a time, until it holds.</summary>
    private static async Task UntilAsync(FakeTimeProvider time, Func<bool> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Bound, "it goes on although its clock went on");
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private PipelineSettings Settings(int number)
    {
        var dir = Path.Combine(_folder, $"{number}");
        var log = Path.Combine(_folder, "access.log");
        const string Line = "203.0.113.7 - - [02/Nov/2026:10:00:00 +0000] \"GET /XenServer/updates.xml HTTP/1.1\" 200 512 \"-\" "
            + "\"XenCenter/2025.2.0.8315 (64-bit)\"\n";
        File.WriteAllText(log, string.Concat(Enumerable.Repeat(Line, 20)), Encoding.ASCII);
        return new PipelineSettings
        {
            UsPath = Path.Combine(dir, "us"), UkPath = Path.Combine(dir, "uk"), Keys = Path.Combine(dir, "keys"),
            SealAge = TimeSpan.FromSeconds(1), Period = TimeSpan.FromSeconds(2),
            Sources = [new SourceSettings("web", "combined", [log], null, PushDelivery.ExactlyOnce)],
        };
    }
}
