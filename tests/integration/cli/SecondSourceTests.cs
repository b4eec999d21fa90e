using System.IO.Compression;
using System.Text;
using Pipeline.Tests.Integration.Telemetry;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>The same content under a second source counts each line twice: it is refused with the name of the first.</summary>
public sealed class SecondSourceTests
{
    private static string Log(int lines) => string.Concat(Enumerable.Range(0, lines)
        .Select(i => Sample.Line(i % 60, $"203.0.{i / 250}.{i % 250}")));

    [Fact]
    public void An_import_under_a_mistyped_source_is_refused_with_exit_4_and_captures_nothing_unless_again_is_given()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Log(40));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        foreach (var more in new[] { "--dry-run", "--json" })
        {
            var refused = Cli.Run("import", log, "--source", "web-l", "--dir", folder.Dir, more);
            Assert.Equal(4, refused.Exit);
            Assert.Contains("already under source web-1", refused.Error, StringComparison.Ordinal);
        }
        Assert.Equal(40, Verified(folder));
        // The first goes on as before, and grows.
        File.AppendAllText(log, Sample.Line(59));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        Assert.Equal(4, Cli.Run("import", log, "--source", "web-l", "--dir", folder.Dir).Exit);
        Assert.Equal(41, Verified(folder));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-l", "--dir", folder.Dir, "--again").Exit);
        Assert.Equal(82, Verified(folder));
        // Taken once, it is this source's file too.
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-l", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void A_compressed_copy_and_an_older_one_are_the_same_content_and_another_log_with_that_first_line_is_not()
    {
        using var folder = new Folder();
        var text = Log(900);
        Assert.Equal(0, Cli.Run("import", folder.Write("a.log", text), "--source", "web-1", "--dir", folder.Dir).Exit);
        using (var gzip = new GZipStream(File.Create(folder["a.gz"]), CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }
        var older = folder.Write("older.log", text[..(text.IndexOf('\n', text.Length * 4 / 5) + 1)]);
        var other = folder.Write("other.log", text[..(text.IndexOf('\n', StringComparison.Ordinal) + 1)]
            + string.Concat(Enumerable.Range(0, 9).Select(i => Sample.Line(i, "198.51.100.7"))));
        var answer = Cli.Run("import", folder["a.gz"], older, other, "--source", "web-2", "--dir", folder.Dir, "--json");
        Assert.Equal((4, 10), (answer.Exit, answer.Json.GetProperty("lines").GetInt32()));
        Assert.Equal(["web-1", "web-1", "-"], answer.Json.GetProperty("files").EnumerateArray()
            .Select(f => f.TryGetProperty("knownAs", out var known) ? known.GetString() : "-"));
        // A third source finds the second one's content as well.
        Assert.Equal(4, Cli.Run("import", other, "--source", "web-3", "--dir", folder.Dir).Exit);
        Assert.Equal(910, Verified(folder));
    }

    [Fact]
    public void Contents_that_were_read_before_there_were_objects_for_them_are_found_all_the_same()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Log(20));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        Directory.Delete(Path.Combine(folder.Dir, "us", "contents"), recursive: true);
        Assert.Equal(4, Cli.Run("import", log, "--source", "web-2", "--dir", folder.Dir).Exit);
        // The source's next new file gives them their objects.
        Assert.Equal(0, Cli.Run("import", folder.Write("b.log", Sample.Line(7, "198.51.100.1")), "--source", "web-1", "--dir",
            folder.Dir).Exit);
        Assert.Equal(4, Directory.GetFiles(Path.Combine(folder.Dir, "us", "contents"), "*", SearchOption.AllDirectories).Length);
        Assert.Equal(4, Cli.Run("import", log, "--source", "web-3", "--dir", folder.Dir).Exit);
        Assert.Equal(21, Verified(folder));
    }

    [Fact]
    public async Task A_followed_file_that_another_source_has_is_told_once_counted_and_not_read()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Log(30));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        using (var run = Cli.Start(new Dictionary<string, string>(), "run", "--dir", folder.Dir, "--tail", "web-2=" + folder.Path
            + "/*.log", "--metrics", "http://127.0.0.1:0"))
        {
            var metrics = (await run.WaitForAsync("metrics url=")).Split("url=")[1].Split(' ')[0];
            await run.WaitForAsync("known-content source=web-2");
            using var http = new HttpClient();
            Assert.Matches(@"pipeline_known_contents_total(\{[^}]*\})? 1\b",
                await http.GetStringAsync(new Uri(metrics), TestContext.Current.CancellationToken));
            folder.Write("new.log", Sample.Line(50, "198.51.100.9"));
            await Exposition.WhenAsync(http, new Uri(metrics), e => e.Sum("pipeline_lines_total", ("source", "web-2")) == 1);
            Assert.Equal(0, await run.TerminateAsync());
            Assert.Single(run.Log.Split('\n'), line => line.Contains("known-content", StringComparison.Ordinal)
                && line.Contains("owner=web-1", StringComparison.Ordinal));
        }
        Assert.Equal(31, Verified(folder));
    }

    [Fact]
    public void Sources_that_would_read_the_same_file_are_refused_by_validate_and_run_with_both_names()
    {
        using var folder = new Folder();
        folder.Write("access.log", Sample.Line(0));
        Directory.CreateDirectory(folder["links"]);
        File.CreateSymbolicLink(folder["links/other"], folder["access.log"]);
        foreach (var (one, other, meets) in new[] { ("access.log*", "*.log", true), ("access.log", "access.log", true),
            ("access.log", "links", true), ("access.log*", "error.log*", false), ("links", "**/x.log", true) })
        {
            var config = folder.Write("pipeline.yaml", $$"""
                stores:
                  us: { path: us }
                  uk: { path: uk }
                keys: keys
                sources:
                  - { name: web-1, paths: '{{one}}' }
                  - { name: web-2, paths: '{{other}}' }
                """);
            var answer = Cli.Run("validate", "--config", config);
            Assert.Equal(meets ? 78 : 0, answer.Exit);
            Assert.Equal(meets, answer.Error.Contains("sources web-1 and web-2 overlap", StringComparison.Ordinal));
        }
        Assert.Equal(78, Cli.Run("run", "--dir", folder.Dir, "--tail", "a=" + folder["*.log"], "--tail", "b=" + folder["access.log"]).Exit);
        Assert.False(Directory.Exists(folder.Dir));
    }

    private static int Verified(Folder folder)
    {
        var verify = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal(0, verify.Exit);
        return verify.Json.GetProperty("lines").GetInt32();
    }
}
