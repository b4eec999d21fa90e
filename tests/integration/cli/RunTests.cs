using System.Text;

namespace Pipeline.Tests.Integration.Cli;

public sealed class RunTests
{
    private static readonly Dictionary<string, string> SealSoon = new() { ["PIPELINE__SEAL__AGE"] = "1s" };

    [Fact]
    public async Task SIGTERM_ends_a_run_with_0_and_everything_that_it_read_is_in_the_table()
    {
        using var folder = new Folder();
        var log = folder.Write("access.log", string.Concat(Enumerable.Range(0, 30).Select(i => Sample.Line(i))));
        using var run = Cli.Start(SealSoon, "run", "--dir", folder.Dir, "--tail", $"web={folder["access.log*"]}", "--push", "edge=combined",
            "--listen", "http://127.0.0.1:0");
        var ready = await run.WaitForAsync("ready ");
        Assert.Contains("rows=30 ", await run.WaitForAsync("seal table=xencenter-checks"), StringComparison.Ordinal);

        // Another process is refused the source meanwhile.
        var second = Cli.Run("import", log, "--source", "web", "--dir", folder.Dir);
        Assert.Equal(5, second.Exit);
        Assert.Contains("another process has source web", second.Error, StringComparison.Ordinal);

        using var http = new HttpClient { BaseAddress = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..]) };
        using var push = new HttpRequestMessage(HttpMethod.Post, "/v1/lines?source=edge") { Content =
            new StringContent(Sample.Line(5) + Sample.Line(6), Encoding.UTF8, "text/plain") };
        push.Headers.Add("Idempotency-Key", "client-1:1");
        using var reply = await http.SendAsync(push, TestContext.Current.CancellationToken);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        Assert.Equal(0, await run.TerminateAsync());
        Assert.DoesNotContain("203.0.113.7", run.Log, StringComparison.Ordinal);
        var verify = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json").Json;
        Assert.Equal((true, 32L, 0), (verify.GetProperty("ok").GetBoolean(),
            verify.GetProperty("records").GetProperty("xencenter-checks").GetInt64(), verify.GetProperty("pending").GetArrayLength()));

        // What the run read, an import does not read again.
        var again = Cli.Run("import", log, "--source", "web", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 0L), (again.Exit, again.Json.GetProperty("lines").GetInt64()));
    }

    [Fact]
    public async Task Ingest_alone_captures_and_ship_alone_ships()
    {
        using var folder = new Folder();
        folder.Write("access.log", Sample.Line(0) + Sample.Line(1));
        using (var ingest = Cli.Start(SealSoon, "ingest", "--dir", folder.Dir, "--tail", $"web={folder["access.log"]}"))
        {
            await ingest.WaitForAsync("ready ");
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Cli.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("lines").GetInt64() < 2)
            {
                bound.Token.ThrowIfCancellationRequested();
            }
            Assert.Equal(0, await ingest.TerminateAsync());
        }
        var captured = Cli.Run("verify", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 1), (captured.Exit, captured.Json.GetProperty("pending").GetArrayLength()));
        using (var ship = Cli.Start(SealSoon, "ship", "--dir", folder.Dir))
        {
            await ship.WaitForAsync("seal table=xencenter-checks");
            Assert.Equal(0, await ship.TerminateAsync());
        }
        Assert.Equal(0, Cli.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("pending").GetArrayLength());
    }
}
