using Pipeline.Core.Captures;
using Pipeline.Tests.Integration.Cli;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Disaster;

/// <summary>One bit of one capture, under the real program.</summary>
public sealed class DamagedCaptureTests
{
    private static readonly Dictionary<string, string> SealSoon = new() { ["PIPELINE__SEAL__AGE"] = "1s", ["PIPELINE__PERIOD"] = "1s" };

    [Fact]
    public async Task Ship_names_a_damaged_capture_ships_the_other_shards_and_ends_with_3_when_it_is_stopped()
    {
        using var folder = new Folder();
        var tails = new[] { "web", "api" }
            .Select(name => $"{name}={folder.Write(name + ".log", Sample.Line(name[0] % 7) + Sample.Line(8))}")
            .SelectMany(tail => (string[])["--tail", tail]).ToList();
        using (var ingest = Tool.Start(SealSoon, ["ingest", "--dir", folder.Dir, .. tails]))
        {
            await ingest.WaitForAsync("ready ");
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Tool.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("lines").GetInt64() < 4)
            {
                bound.Token.ThrowIfCancellationRequested();
            }
            Assert.Equal(0, await ingest.TerminateAsync());
        }
        var damaged = CaptureNames.Capture("web", 1);
        var file = Path.Combine(folder.Dir, "us", damaged);
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[^40] ^= 1;
        File.SetAttributes(file, FileAttributes.Normal);
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        using (var ship = Tool.Start(SealSoon, "ship", "--dir", folder.Dir))
        {
            await ship.WaitForAsync($"damaged shard=web object={damaged}");
            await ship.WaitForAsync("seal table=xencenter-checks");
            Assert.Equal(3, await ship.TerminateAsync());
            Assert.Equal(1, ship.Log.Split("damaged shard=web").Length - 1);
        }
        bytes[^40] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        using (var ship = Tool.Start(SealSoon, "ship", "--dir", folder.Dir))
        {
            await ship.WaitForAsync("seal table=xencenter-checks");
            Assert.Equal(0, await ship.TerminateAsync());
        }
        var verify = Tool.Run("verify", "--deep", "--dir", folder.Dir, "--json").Json;
        Assert.True(verify.GetProperty("ok").GetBoolean());
        Assert.Equal(4, verify.GetProperty("records").GetProperty("xencenter-checks").GetInt64());
        Assert.Equal(0, verify.GetProperty("pending").GetArrayLength());
    }
}
