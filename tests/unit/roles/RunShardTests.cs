using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Cli;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Ingest.Push;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Roles;

/// <summary>The real `ingest` of two sources, while a newer process takes the next capture of one or both.</summary>
public sealed class RunShardTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline-run-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_fenced_shard_stops_alone_and_the_process_ends_with_6_when_it_is_told_to()
    {
        using var signal = new CancellationTokenSource();
        using var installation = await OpenAsync("a");
        var run = RunAsync(installation, signal.Token);
        await UntilAsync(() => Lines(installation, "b") == 1 && File.Exists(Name("a", 1)));
        Write("b", 2);
        await UntilAsync(() => Lines(installation, "b") == 2);
        Assert.False(run.IsCompleted);
        await signal.CancelAsync();
        await UntilAsync(() => run.IsCompleted);
        Assert.Equal(ExitCode.Fenced, await run);
    }

    [Fact]
    public async Task When_the_last_shard_is_fenced_the_process_ends_by_itself_with_6()
    {
        using var installation = await OpenAsync("a", "b");
        var run = RunAsync(installation, CancellationToken.None);
        await UntilAsync(() => run.IsCompleted);
        Assert.Equal(ExitCode.Fenced, await run);
    }

    private Task<int> RunAsync(OpenInstallation installation, CancellationToken signal) =>
        new RunRole(Settings, installation, RunParts.Ingest, new RoleLog(_time, TextWriter.Null)).RunAsync(signal);

    /// <param name="taken">Shards whose capture after the claim another process writes first.</param>
    private async Task<OpenInstallation> OpenAsync(params string[] taken)
    {
        Write("a", 1);
        Write("b", 1);
        var installation = await OpenInstallation.OpenOrCreateAsync(Settings.Places, _time, TestContext.Current.CancellationToken);
        Fault Steal(StoreOperation operation)
        {
            var shard = operation.Verb == StoreVerb.Put ? taken.FirstOrDefault(s => operation.Name == CaptureNames.Capture(s, 1)) : null;
            if (shard is not null)
            {
                File.WriteAllBytes(Name(shard, 1), "of another process"u8.ToArray());
            }
            return Fault.None;
        }
        installation.Meter((side, store) => side == "us" ? new FaultyStore(store, Steal) : store);
        return installation;
    }

    private PipelineSettings Settings => new()
    {
        UsPath = Path.Combine(_folder, "us"), UkPath = Path.Combine(_folder, "uk"), Keys = Path.Combine(_folder, "keys"),
        Sources = [Source("a"), Source("b")],
    };

    private SourceSettings Source(string name) =>
        new(name, "combined", [Path.Combine(_folder, name + ".log")], null, PushDelivery.ExactlyOnce);

    private string Name(string shard, long number) => Path.Combine(_folder, "us", CaptureNames.Capture(shard, number));

    private void Write(string source, int lines)
    {
        // Two sources with the same content would be one that is read twice.
        var line = $"203.0.113.{(int)source[0]} - - [02/Nov/2026:10:00:00 +0000] \"GET /XenServer/updates.xml HTTP/1.1\" 200 512 \"-\" "
            + "\"XenCenter/2025.2.0.8315 (64-bit)\"\n";
        File.WriteAllText(Path.Combine(_folder, source + ".log"), string.Concat(Enumerable.Repeat(line, lines)), Encoding.ASCII);
    }

    private static long Lines(OpenInstallation installation, string shard) =>
        installation.Captures.FoldAsync(shard).GetAwaiter().GetResult().Sources.GetValueOrDefault(shard)?.Lines ?? 0;

    /// <summary>Lets the program's clock go on, a second at a time, until it holds.</summary>
    private async Task UntilAsync(Func<bool> holds)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Bound, "it does not come to it although its clock goes on");
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
