using System.Globalization;
using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>A container that grows in an emulator, followed by the program: what was appended is in the table once.</summary>
public sealed class ContainerTests(Azurite azurite)
{
    [Fact]
    public async Task Blobs_that_grow_between_polls_and_across_a_kill_are_in_the_table_once_and_repeated_rows_are_counted()
    {
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        var stop = TestContext.Current.CancellationToken;
        using var folder = new Folder();
        var url = azurite.NewUrl();
        var key = $"DefaultEndpointsProtocol=http;AccountName={Azurite.Account};AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:{azurite.Port}/{Azurite.Account};";
        var container = new BlobContainerClient(key, url[(url.LastIndexOf('/') + 1)..]);
        await container.CreateAsync(cancellationToken: stop);
        var config = folder.Write("p.yaml", $$"""
            sources:
              - name: afd
                format: combined
                container: { url: '{{url}}', pattern: '*PT1H.json', poll: 1s, connection-string-file: {{folder.Write("key", Azurite.ConnectionString)}} }
            """);
        string Line(int i) => Sample.Line(i % 60, $"203.{i / 62_500}.{i / 250 % 250}.{i % 250}");
        async Task Append(string name, string text)
        {
            var blob = container.GetAppendBlobClient(name);
            await blob.CreateIfNotExistsAsync(cancellationToken: stop);
            await blob.AppendBlockAsync(new MemoryStream(Encoding.ASCII.GetBytes(text)), cancellationToken: stop);
        }
        string Blob(int i) => string.Create(CultureInfo.InvariantCulture,
            $"resourceId=/SITE{i % 10}/y=2026/m=01/d={1 + (i / 10 % 4):00}/h={i / 40 % 24:00}/m=00/{i}/PT1H.json");
        for (var i = 0; i < 150; i++)
        {
            await Append(Blob(i), Line(i));
        }
        // 150 rows, and then 6: cut within a line (1), a row twice (1), one that is new and its repetition (2), a row that the first
        // process had read (1), and a late blob (1).
        await Append(Blob(0), Line(1_000)[..20]);
        await Append(Blob(1), Line(1));
        using (var run = Cli.Cli.Start(new Dictionary<string, string>(), "run", "--config", config, "--dir", folder.Dir))
        {
            await run.WaitForAsync("ready");
            // A log names no blob.
            await run.WaitForAsync("file source=afd", 150);
            await Append(Blob(0), Line(1_000)[20..]);
            await Append(Blob(3), Line(2_000) + Line(2_000));
        }
        // Killed; the rest comes to the next process, with a late blob and a repetition of what the first had read.
        await Append(Blob(3), Line(3));
        await Append(Blob(500), Line(500));
        using (var run = Cli.Cli.Start(new Dictionary<string, string>(), "run", "--config", config, "--dir", folder.Dir))
        {
            await run.WaitForAsync("ready");
            await UntilAsync(() => Cli.Cli.Run("verify", "--side", "us", "--dir", folder.Dir, "--json").Json.GetProperty("lines")
                .GetInt64() == 156, stop);
        }
        var verify = Cli.Cli.Run("verify", "--dir", folder.Dir, "--json").Json;
        Assert.Equal((156L, 3L, 153L), (verify.GetProperty("lines").GetInt64(), verify.GetProperty("duplicates").GetInt64(),
            verify.GetProperty("records").EnumerateObject().Sum(r => r.Value.GetInt64())
                + verify.GetProperty("rejections").EnumerateObject().Sum(r => r.Value.GetInt64())));
    }

    private static async Task UntilAsync(Func<bool> met, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        var started = TimeProvider.System.GetTimestamp();
        while (!met())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60),
                "what was appended was not captured within a minute");
            await timer.WaitForNextTickAsync(stop);
        }
    }
}
