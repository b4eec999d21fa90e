using System.Text;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>
/// In Azure the newest start of a source wins. It takes that source's shard, and no other source of the process that had it.
/// </summary>
public sealed class FencedSourceTests(Azurite azurite)
{
    [Fact]
    public async Task An_import_of_one_source_beside_a_running_ingest_fences_that_source_and_the_others_go_on()
    {
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        using var folder = new Folder();
        var (us, uk) = (azurite.NewUrl(), azurite.NewUrl());
        var secrets = new Dictionary<string, string>
        {
            ["PIPELINE__STORES__US__CONNECTION_STRING"] = Azurite.ConnectionString,
            ["PIPELINE__STORES__UK__CONNECTION_STRING"] = Azurite.ConnectionString,
        };
        Done(Cli.Cli.Run(secrets, "store", "init", us, "--role", "capture", "--region", "us"));
        Done(Cli.Cli.Run(secrets, "store", "init", uk, "--role", "table", "--region", "uk", "--captures", us));
        var config = folder.Write("pipeline.yaml", $"stores:\n  us: {{ url: \"{us}\" }}\n  uk: {{ url: \"{uk}\" }}\nkeys: keys\n");
        string[] where = ["--config", config];
        folder.Write("a.log", Sample.Line(0, "203.0.113.1"));
        folder.Write("b.log", Sample.Line(0, "203.0.113.2"));
        using var ingest = Cli.Cli.Start(secrets,
            ["ingest", .. where, "--tail", $"a={folder["a.log"]}", "--tail", $"b={folder["b.log"]}", "--push", "c=combined",
            "--listen", "http://127.0.0.1:0"]);
        var ready = await ingest.WaitForAsync("ready ");
        await CapturedAsync(secrets, where, 2);

        // Older lines of a, from a file of their own, while it is followed.
        var old = folder.Write("old.log", Sample.Line(1, "203.0.113.3") + Sample.Line(2, "203.0.113.3"));
        Done(Cli.Cli.Run(secrets, ["import", old, "--source", "a", .. where]));
        File.AppendAllText(folder["a.log"], Sample.Line(3, "203.0.113.1"), Encoding.ASCII);
        await ingest.WaitForAsync("shard-stopped shard=a reason=fenced");

        // b and c go on.
        File.AppendAllText(folder["b.log"], Sample.Line(4, "203.0.113.2"), Encoding.ASCII);
        using var http = new HttpClient { BaseAddress = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..]) };
        using var body = new StringContent(Sample.Line(5), Encoding.UTF8, "text/plain");
        using var push = new HttpRequestMessage(HttpMethod.Post, "/v1/lines?source=c") { Content = body };
        push.Headers.Add("Idempotency-Key", "client-1:1");
        using var reply = await http.SendAsync(push, TestContext.Current.CancellationToken);
        Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await CapturedAsync(secrets, where, 6);
        Assert.Equal(6, await ingest.TerminateAsync());

        // Started again, it has all three, and takes the line of a that the fenced one left.
        using var again = Cli.Cli.Start(secrets, ["ingest", .. where, "--tail", $"a={folder["a.log"]}", "--tail", $"b={folder["b.log"]}"]);
        await again.WaitForAsync("ready ");
        await CapturedAsync(secrets, where, 7);
        Assert.Equal(0, await again.TerminateAsync());
        Done(Cli.Cli.Run(secrets, ["verify", .. where]));
    }

    private static void Done(Answer answer) => Assert.True(answer.Exit == 0, answer.Error);

    private static async Task CapturedAsync(Dictionary<string, string> secrets, string[] where, long lines)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Cli.Cli.Run(secrets, ["verify", "--side", "us", "--json", .. where]).Json.GetProperty("lines").GetInt64() != lines)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, bound.Token);
        }
    }
}
