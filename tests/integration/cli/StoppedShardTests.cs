using System.Text;
using System.Text.Json;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>One source's shard is damaged, taken or locked: the other sources of the process go on.</summary>
public sealed class StoppedShardTests
{
    private static readonly Dictionary<string, string> SealSoon = new() { ["PIPELINE__SEAL__AGE"] = "1s" };

    [Theory]
    [InlineData("ingest")]
    [InlineData("run")]
    public async Task A_damaged_capture_stops_its_own_source_and_the_process_ends_with_3_when_it_is_stopped(string command)
    {
        using var folder = new Folder();
        Import(folder, "a");
        Import(folder, "b");
        var damaged = Damage(folder, "a");
        using var ingest = Start(command, folder, "a", "b", "--push", "c=combined", "--push", "a=combined", "--listen",
            "http://127.0.0.1:0");
        var ready = await ingest.WaitForAsync("ready ");
        Assert.Contains("sources=b,c", ready, StringComparison.Ordinal);
        var told = await ingest.WaitForAsync("shard-stopped shard=a");
        Assert.Contains(damaged, told, StringComparison.Ordinal);

        File.AppendAllText(folder["b.log"], Sample.Line(7), Encoding.ASCII);
        using var http = new HttpClient { BaseAddress = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..]) };
        Assert.Equal(200, (await PushAsync(http, "c")).Status);
        Assert.Equal((503, "shard-stopped"), await PushAsync(http, "a"));
        var readiness = JsonDocument.Parse(await http.GetStringAsync("/readyz", TestContext.Current.CancellationToken)).RootElement;
        Assert.True(readiness.GetProperty("ok").GetBoolean());
        var stopped = Assert.Single(readiness.GetProperty("stopped").EnumerateArray());
        Assert.Equal("a", stopped.GetProperty("shard").GetString());
        await CapturedAsync(folder, "b", 2);
        Assert.Equal(3, await ingest.TerminateAsync());
        Assert.Single(ingest.Log.Split('\n'), line => line.Contains("shard-stopped", StringComparison.Ordinal));

        var status = Cli.Run("status", "--dir", folder.Dir, "--json");
        Assert.Contains(damaged, status.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void An_import_of_one_source_is_not_touched_by_damage_in_another()
    {
        using var folder = new Folder();
        Import(folder, "a");
        var damaged = Damage(folder, "a");
        folder.Write("b.log", Sample.Line(3) + Sample.Line(4));
        var import = Cli.Run("import", folder["b.log"], "--source", "b", "--dir", folder.Dir, "--json");
        Assert.True(import.Exit == 0, import.Error);
        Assert.Contains(damaged, import.Error, StringComparison.Ordinal);
        Assert.Equal((2L, 1), (import.Json.GetProperty("lines").GetInt64(), import.Json.GetProperty("commits").GetInt32()));
    }

    [Fact]
    public void Where_no_source_can_be_claimed_it_ends_at_once_with_3()
    {
        using var folder = new Folder();
        Import(folder, "a");
        Import(folder, "b");
        Damage(folder, "a");
        Damage(folder, "b");
        var answer = Cli.Run("ingest", "--dir", folder.Dir, "--tail", $"a={folder["a.log"]}", "--tail", $"b={folder["b.log"]}");
        Assert.Equal(3, answer.Exit);
    }

    [Fact]
    public async Task A_source_that_another_process_has_is_left_to_it_and_the_others_are_followed()
    {
        using var folder = new Folder();
        Import(folder, "a");
        Import(folder, "b");
        using var first = Start("ingest", folder, "a");
        await first.WaitForAsync("ready ");
        using var second = Start("ingest", folder, "a", "b");
        Assert.Contains("sources=b", await second.WaitForAsync("ready "), StringComparison.Ordinal);
        await second.WaitForAsync("shard-stopped shard=a reason=locked");
        File.AppendAllText(folder["a.log"], Sample.Line(7), Encoding.ASCII);
        File.AppendAllText(folder["b.log"], Sample.Line(7), Encoding.ASCII);
        await CapturedAsync(folder, "a", 2);
        await CapturedAsync(folder, "b", 2);
        Assert.Equal((5, 0), (await second.TerminateAsync(), await first.TerminateAsync()));
        Assert.Equal(0, Cli.Run("verify", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void A_redrive_of_every_source_passes_over_a_damaged_one_and_ends_with_3()
    {
        using var folder = new Folder();
        Import(folder, "a");
        Import(folder, "b");
        var damaged = Damage(folder, "a");
        var answer = Cli.Run("redrive", "--reason", "malformed", "--dir", folder.Dir, "--dry-run", "--json");
        Assert.Equal(3, answer.Exit);
        Assert.Contains(damaged, answer.Error, StringComparison.Ordinal);
        Assert.Equal("b", Assert.Single(answer.Json.GetProperty("sources").EnumerateArray()).GetProperty("source").GetString());
    }

    private static Cli Start(string command, Folder folder, string source, params string[] more)
    {
        var sources = more.TakeWhile(m => !m.StartsWith('-')).Prepend(source).ToList();
        var tails = sources.SelectMany(s => new[] { "--tail", $"{s}={folder[s + ".log"]}" });
        return Cli.Start(SealSoon, [command, "--dir", folder.Dir, .. tails, .. more.Skip(sources.Count - 1)]);
    }

    private static void Import(Folder folder, string source)
    {
        folder.Write(source + ".log", Sample.Line(source[0] % 10));
        var import = Cli.Run("import", folder[source + ".log"], "--source", source, "--dir", folder.Dir);
        Assert.True(import.Exit == 0, import.Error);
    }

    /// <summary>The shard's newest capture, one byte short; its name.</summary>
    private static string Damage(Folder folder, string shard)
    {
        var captures = Path.Combine(folder.Dir, "us", "captures", shard);
        var newest = Directory.GetFiles(captures, "*", SearchOption.AllDirectories).Max(StringComparer.Ordinal)!;
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..^1]);
        return Path.GetRelativePath(Path.Combine(folder.Dir, "us"), newest);
    }

    private static async Task<(int Status, string? Error)> PushAsync(HttpClient http, string source)
    {
        using var content = new StringContent(Sample.Line(5), Encoding.UTF8, "text/plain");
        using var push = new HttpRequestMessage(HttpMethod.Post, $"/v1/lines?source={source}") { Content = content };
        push.Headers.Add("Idempotency-Key", "client-1:1");
        using var reply = await http.SendAsync(push, TestContext.Current.CancellationToken);
        var body = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        return ((int)reply.StatusCode, body.TryGetProperty("error", out var error) ? error.GetString() : null);
    }

    private static async Task CapturedAsync(Folder folder, string shard, long lines)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var status = Cli.Run("status", "--dir", folder.Dir, "--json").Json;
            if (status.GetProperty("shards").EnumerateArray().Any(s => s.GetProperty("shard").GetString() == shard
                && s.GetProperty("sources").EnumerateObject().Sum(t => t.Value.GetProperty("lines").GetInt64()) == lines))
            {
                return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, bound.Token);
        }
    }
}
