using System.Text;
using System.Text.Json;
using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Crash;
using Pipeline.Tests.Unit.Push;

namespace Pipeline.Tests.Integration.Push;

/// <summary>Bodies and files that expand to more than there is, through the real program: its memory grows by 64 MB at most over what
/// honest lines need.</summary>
public sealed class BombTests(ITestOutputHelper output)
{
    private const long MaxGrowth = 64 << 20;

    [Fact]
    public async Task Pushed_bombs_are_refused_and_memory_stays()
    {
        using var folder = new Folder();
        Directory.CreateDirectory(folder.Dir);
        var config = folder.Write("pipeline.yaml",
            "push: {url: 'http://127.0.0.1:0'}\nsources:\n  - {name: edge, format: combined, push: true, delivery: at-least-once}\n");
        using var victim = Victim.Start(folder.Dir, "run", "--config", config, "--dir", folder.Dir);
        var ready = await victim.Ready.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
        using var http =
            new HttpClient { BaseAddress = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..].Split(' ')[0]) };
        var bombs = PushBombs.All;
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal((200, null),
                await SendAsync(http, Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 1_000).Select(n => Sample.Line(n % 60)))),
                null));
        }
        var before = victim.PeakBytes();
        for (var round = 0; round < 3; round++)
        {
            foreach (var bomb in bombs)
            {
                Assert.Equal((bomb.Status, bomb.Error), await SendAsync(http, bomb.Body, bomb.Encoding));
            }
        }
        var one = victim.PeakBytes();
        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(bombs.Where(b => b.Status != 200).Chunk(4).SelectMany(c => c.Take(1))
                .Select(b => SendAsync(http, b.Body, b.Encoding)));
        }
        var several = victim.PeakBytes();
        output.WriteLine(
            $"peak before {before >> 20} MiB, after bombs one by one {one >> 20} MiB, after bombs at once {several >> 20} MiB");
        victim.Terminate();
        await victim.EndAsync();
        Assert.Equal(0, victim.Exit);
        Assert.InRange(several - before, 0, MaxGrowth);
    }

    [Theory]
    [InlineData("one member, one line of 5 GB", 5_000, 1)]
    [InlineData("many members, one line of 2 GB", 2, 1_000)]
    public async Task A_file_is_streamed_and_only_its_line_is_cut(string name, int megabytes, int members)
    {
        var honest = await ImportAsync(folder => folder.Write("honest.log",
            string.Concat(Enumerable.Range(0, 200_000).Select(n => Sample.Line(n % 60)))), 200_000);
        var bomb = await ImportAsync(folder =>
        {
            using var file = File.Create(folder["bomb.log.gz"]);
            file.Write(PushBombs.Member(Encoding.ASCII.GetBytes(Sample.Line(0)), megabytes));
            var more = members == 1 ? [] : PushBombs.Member([], megabytes);
            for (var i = 1; i < members; i++)
            {
                file.Write(more);
            }
            return file.Name;
        }, 2);
        output.WriteLine($"{name}: peak {bomb >> 20} MiB, of an honest file {honest >> 20} MiB");
        Assert.InRange(bomb - honest, long.MinValue, MaxGrowth);
    }

    private static async Task<long> ImportAsync(Func<Folder, string> file, long lines)
    {
        using var folder = new Folder();
        var path = file(folder);
        Directory.CreateDirectory(folder.Dir);
        using var victim = Victim.Start(folder.Dir, "import", path, "--source", "web", "--format", "combined", "--final", "--dir",
            folder.Dir, "--json");
        var peak = 0L;
        while (!victim.Ended.IsCompleted)
        {
            peak = Math.Max(peak, victim.PeakBytes());
            await Task.WhenAny(victim.Ended, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System,
                TestContext.Current.CancellationToken));
        }
        Assert.Equal(0, victim.Exit);
        Assert.Equal(lines, JsonDocument.Parse(await victim.Out).RootElement.GetProperty("lines").GetInt64());
        return peak;
    }

    private static async Task<(int, string?)> SendAsync(HttpClient http, byte[] body, string? encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/lines?source=edge") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("text/plain");
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }
        using var reply = await http.SendAsync(request);
        var answer = JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement;
        return ((int)reply.StatusCode, answer.TryGetProperty("error", out var error) ? error.GetString() : null);
    }
}
