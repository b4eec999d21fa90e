using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Crash;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Disaster;

/// <summary>A machine that died, and another that takes its shards: two installations over the same stores.</summary>
public sealed class MachineTests
{
    private static readonly Dictionary<string, string> SealSoon = new() { ["PIPELINE__SEAL__AGE"] = "1s" };

    private static string Config(World world, string machine, string logs)
    {
        Directory.CreateDirectory(world[machine]);
        var file = Path.Combine(world[machine], "pipeline.yaml");
        File.WriteAllText(file,
            $"stores:\n  us:\n    path: {world.Us}\n  uk:\n    path: {world.Uk}\nkeys: {Path.Combine(world.Dir, "keys")}\nsources:\n  - " +
            $"name: web\n    format: combined\n    paths: [{logs}]\n");
        return file;
    }

    [Fact]
    public async Task Rule_5_Another_machine_takes_a_dead_machines_shard_and_is_refused_while_it_lives()
    {
        using var world = new World();
        world.Import("old.log", 0, 3);
        var (logs, moved) = (world["one/access.log"], world["two/access.log"]);
        var (one, two) = (Config(world, "one", logs), Config(world, "two", moved));
        File.WriteAllText(logs, Sample.Line(1) + Sample.Line(2));
        using var first = Victim.Start(world.Dir, "run", "--config", one);
        await first.Ready;

        using (var second = Tool.Start(SealSoon, "run", "--config", two))
        {
            await second.WaitForAsync("another process has source web");
        }

        // It dies with lines that it may or may not have captured; its log is copied to the other machine, and grows there.
        File.AppendAllText(logs, Sample.Line(3) + Sample.Line(4));
        await first.KillAsync();
        File.Copy(logs, moved);
        File.AppendAllText(moved, Sample.Line(5));
        using (var second = Tool.Start(SealSoon, "run", "--config", two))
        {
            await second.WaitForAsync("ready ");
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            while (Tool.Run("verify", "--config", two, "--json").Json.GetProperty("lines").GetInt64() < 8)
            {
                bound.Token.ThrowIfCancellationRequested();
            }
            Assert.Equal(0, await second.TerminateAsync());
        }
        var verify = Tool.Run("verify", "--deep", "--config", two, "--json");
        Assert.Equal((0, 8L, 0), (verify.Exit, verify.Json.GetProperty("lines").GetInt64(),
            verify.Json.GetProperty("pending").GetArrayLength()));
    }
}
