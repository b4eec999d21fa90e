using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Leak;

/// <summary>
/// Nothing that no contract declares is kept or told, by the real program: every part of every line is marked, and every byte that the
/// program leaves anywhere is searched. `LEAK_LINES` asks for more than the sample (`./soak.sh leak`).
/// </summary>
public sealed class LeakTests(ITestOutputHelper output)
{
    private const int Sample = 8_000, PushEvery = 20, PushLines = 2_000;

    [Fact]
    public async Task Of_marked_lines_no_marker_is_in_any_byte_that_the_program_leaves()
    {
        var cancel = TestContext.Current.CancellationToken;
        var lines = Environment.GetEnvironmentVariable("LEAK_LINES") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture)
            : Sample;
        using var folder = new Folder();
        var temp = Directory.CreateDirectory(folder["temp"]).FullName;
        var environment = new Dictionary<string, string> { ["TMPDIR"] = temp, ["DOTNET_EnableDiagnostics"] = "0",
            ["PIPELINE__SEAL__AGE"] = "1s" };
        var (log, search) = (new MarkedLog(), new LeakSearch());
        var (sent, known, pushed) = (0L, new Dictionary<string, List<string>>(), new List<string>());

        // 1 logs, plain and gzip
        // The folder has the name of a person, and each file that of a host.
        var logs = Directory.CreateDirectory(folder[$"logs/{LeakSearch.Named}.doe@corp"]).FullName;
        foreach (var (format, i) in MarkedLog.Formats.Select((f, i) => (f.Format, i)))
        {
            var count = lines / MarkedLog.Formats.Count + (i < lines % MarkedLog.Formats.Count ? 1 : 0);
            var pushes = format == "combined" ? Math.Min(count / 2, Math.Max(1, lines / PushEvery)) : 0;
            var names = known[format] = [Path.Combine(logs, $"host-{LeakSearch.Named}-{i}.log"),
                Path.Combine(logs, $"host-{LeakSearch.Named}-{i}-2.log.gz")];
            using (var plain = new StreamWriter(names[0]))
            using (var gzip = new StreamWriter(new GZipStream(File.Create(names[1]), CompressionLevel.Fastest)))
            {
                foreach (var writer in new[] { plain, gzip })
                {
                    await writer.WriteAsync(MarkedLog.Header(format));
                }
                for (var line = 0; line < count - pushes; line++)
                {
                    await (line % 2 == 0 ? plain : gzip).WriteAsync(log.Line(format, line));
                }
            }
            var body = new StringBuilder();
            for (var line = count - pushes; line < count; line++)
            {
                body.Append(log.Line(format, line));
                if ((line - count + pushes) % PushLines == PushLines - 1 || line == count - 1)
                {
                    pushed.Add(body.ToString());
                    body.Clear();
                }
            }
            sent += count;
        }

        // 2 imports: what is found by itself at once, the others each by its name
        void Tell(string what, Answer answer, bool mayName = false)
        {
            search.Text($"standard output of {what}", answer.Out, mayName);
            search.Text($"standard error of {what}", answer.Error, mayName);
            Assert.True(answer.Exit == 0, $"{what} ended with {answer.Exit}");
        }
        var taken = 0L;
        void Import(string name, IEnumerable<string> files, string format)
        {
            var answer = Cli.Cli.Run(environment, ["import", .. files, "--source", name, "--dir", folder.Dir, "--format", format,
                "--json"]);
            // Who imports gave the names.
            Tell($"import {name}", answer, mayName: true);
            taken += answer.Json.GetProperty("lines").GetInt64();
        }
        Import("found", MarkedLog.Formats.Where(f => f.IsFound).SelectMany(f => known[f.Format]), "auto");
        foreach (var (format, i) in MarkedLog.Formats.Select((f, i) => (f, i)).Where(f => !f.f.IsFound))
        {
            Import($"named-{i}", known[format.Format], format.Format);
        }

        // 3 pushes, some refused, files that are followed, rotated and cannot be read, and metrics
        var (followed, stream) = (Directory.CreateDirectory(Path.Combine(logs, "followed")).FullName, $"stream-{LeakSearch.Named}");
        var w3c = $"#Software: {LeakSearch.Named}\n{MarkedLog.Header("iis-w3c")!.TrimEnd()} {LeakSearch.Named} " +
            $"cs({LeakSearch.Named})\n{log.Line("iis-w3c", 3).TrimEnd()} x y\n";
        using (var run = Cli.Cli.Start(environment, "run", "--dir", folder.Dir, "--push", "edge=combined", "--push", "w3c=iis-w3c",
            "--tail", "tail=" + followed, "--listen", "http://127.0.0.1:0", "--metrics", "http://127.0.0.1:0"))
        {
            var metrics = After(await run.WaitForAsync("metrics url="), "url=");
            var push = After(await run.WaitForAsync("ready "), "push=");
            using var http = new HttpClient();
            for (var i = 0; i < pushed.Count; i++)
            {
                Assert.Equal(HttpStatusCode.OK, await PushAsync(http, push, $"{stream}:{i + 1}", pushed[i], i % 2 == 1, search));
                taken += pushed[i].Count(c => c == '\n');
            }
            Assert.Equal(HttpStatusCode.OK, await PushAsync(http, push, $"{stream}:1", w3c, false, search, "w3c"));
            await FollowAsync(run, followed, w3c);
            var line = log.Line("combined", 0);
            Assert.NotEqual(HttpStatusCode.OK, await PushAsync(http, push, "no key of ours", line, false, search));
            Assert.Equal(HttpStatusCode.NotFound, await PushAsync(http, push.TrimEnd('/') + "/"
                + LeakSearch.Marker.ToLowerInvariant(), "client-1:1", line, false, search));
            search.Text("metrics", await http.GetStringAsync(new Uri(metrics), cancel));
            Assert.Equal(0, await run.TerminateAsync());
            search.Text("the log of run", run.Log);
        }
        Assert.Equal(sent, taken);

        // 4 everything that tells
        // A machine that reads no files knows no names; the one that does tells them.
        var (kept, away) = (Path.Combine(folder.Dir, "names"), folder["names-away"]);
        Assert.Contains(LeakSearch.Named, string.Concat(Directory.EnumerateFiles(kept).Select(File.ReadAllText)), StringComparison.Ordinal);
        Assert.Contains(LeakSearch.Named, Cli.Cli.Run(environment, "rejections", "--lines", "--dir", folder.Dir).Out,
            StringComparison.Ordinal);
        Directory.Move(kept, away);
        foreach (var command in new[] { "rejections", "rejections --json", "rejections --lines", "rejections --lines --json",
            "redrive --reason malformed", "rejections --by shape", "rejections --by rule --json", "status", "status --json",
            "verify --deep --json", "installs --json" })
        {
            Tell(command, Cli.Cli.Run(environment, [.. command.Split(' '), "--dir", folder.Dir]));
        }
        foreach (var (format, _) in MarkedLog.Formats)
        {
            var some = MarkedLog.Header(format) + string.Concat(Enumerable.Range(0, 9).Select(i => log.Line(format, i)));
            Tell($"explain {format.Split(':')[0]}", Cli.Cli.RunWith(some + some[..(some.Length / 3)], "explain", "--format", format));
        }
        Directory.Move(away, kept);
        var capture = Directory.EnumerateFiles(folder.Dir, "*", SearchOption.AllDirectories)
            .First(f => f.Contains("/captures/", StringComparison.Ordinal) && Path.GetFileName(f).All(char.IsAsciiDigit));
        Tell("inspect", Cli.Cli.Run(environment, "inspect", capture, "--dir", folder.Dir));

        // 5 every byte but the names that this machine keeps for itself
        await search.FolderAsync(folder.Dir, but: "names");
        await search.FolderAsync(temp);
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
            $"{sent:N0} lines with {log.Markers:N0} markers, {pushed.Count} pushes: {search.Files:N0} files, {search.Bytes:N0} bytes " +
            $"searched, of these {search.Expanded:N0} expanded, and {search.Values:N0} values of Parquet; {search.Found.Count} markers"));
        Assert.True(search.Expanded > 0 && search.Values > 0);
        Assert.Empty(search.Found);
    }

    /// <summary>A search that cannot find proves nothing.</summary>
    [Fact]
    public async Task A_marker_is_found_in_each_kind_of_place()
    {
        using var folder = new Folder();
        var marker = Encoding.ASCII.GetBytes($"{new string('x', 500)}{LeakSearch.Marker}AAAAAAAA{new string('y', 500)}");
        using var zstd = new ZstdSharp.Compressor(3);
        using var gzipped = new MemoryStream();
        using (var gzip = new GZipStream(gzipped, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(marker);
        }
        var rows = new Columns(PublishedContracts.XenCenterChecks);
        for (var i = 0; i < 300; i++)
        {
            rows.AddRow(1_700_000_000_000_000 + i);
            rows.Strings[0].Append("203.0.113.9"u8);
            rows.Strings[1].Append(i == 150 ? Encoding.ASCII.GetBytes(LeakSearch.Marker + "AAAAAAAA") : "1.2.3.4"u8);
        }
        using var encoder = new FrameEncoder(PublishedContracts.XenCenterChecks);
        var places = new Dictionary<string, byte[]>
        {
            ["plain"] = marker,
            ["zstd"] = [1, 2, 3, .. zstd.Wrap(marker), 4, 5],
            ["gzip"] = [1, 2, 3, .. gzipped.ToArray()],
            ["zstd in gzip's file"] = [.. gzipped.ToArray(), .. zstd.Wrap(marker)],
            ["arrow"] = encoder.Frame([encoder.EncodeBatch(rows)]),
            ["uuid"] = Encoding.ASCII.GetBytes($"1a2b{LeakSearch.Uuid[..4]}-{LeakSearch.Uuid[4..8]}-{LeakSearch.Uuid[8..]}"),
            ["base64"] = Encoding.ASCII.GetBytes(Convert.ToBase64String(marker[500..])),
            ["url"] = Encoding.ASCII.GetBytes(string.Concat(LeakSearch.Marker.Select(c => $"%{(int)c:X2}"))),
        };
        foreach (var (place, bytes) in places)
        {
            var search = new LeakSearch();
            search.Search(place, bytes);
            Assert.True(search.Found.Count > 0, $"not found: {place}");
            Assert.All(search.Found, found => Assert.DoesNotContain(LeakSearch.Marker, found, StringComparison.Ordinal));
        }
        var whole = new LeakSearch();
        File.WriteAllBytes(folder["a"], marker);
        File.WriteAllText(folder[LeakSearch.Marker], "");
        await whole.FolderAsync(folder.Path);
        Assert.Equal(2, whole.Found.Count);
        using (var segment = new SegmentWriter(PublishedContracts.XenCenterChecks, UtcDay.Of(rows.Time[0]),
            new SegmentLabel("s", "k", PublishedContracts.XenCenterChecks.Sha256, [])))
        {
            segment.Add(rows);
            File.WriteAllBytes(folder["b.parquet"], segment.Finish().Span);
        }
        var parquet = new LeakSearch();
        await parquet.FolderAsync(folder.Path);
        Assert.Contains(parquet.Found, found => found.Contains("b.parquet", StringComparison.Ordinal));
        var none = new LeakSearch();
        none.Search("none", new byte[100]);
        Assert.Empty(none.Found);
    }

    /// <summary>A log that is rotated, a file that is none, and what is no file at all, all of which are told.</summary>
    private static async Task FollowAsync(Cli.Cli run, string folder, string w3c)
    {
        var live = Path.Combine(folder, $"{LeakSearch.Named}.access.log");
        await File.WriteAllTextAsync(live, w3c);
        await File.WriteAllTextAsync(Path.Combine(folder, $"{LeakSearch.Named}.txt"),
            string.Concat(Enumerable.Repeat("no log at all\n", 9)));
        using (var made = Process.Start("mkfifo", Path.Combine(folder, $"{LeakSearch.Named}.pipe")))
        {
            await made.WaitForExitAsync();
        }
        foreach (var told in new[] { "file source=tail", "unknown-format source=tail", "unreadable source=tail" })
        {
            await run.WaitForAsync(told);
        }
        File.Move(live, live + ".1");
        await File.WriteAllTextAsync(live, w3c.Replace("10.0.0.4", "10.0.0.5", StringComparison.Ordinal));
        await run.WaitForAsync("renamed source=tail");
    }

    private static async Task<HttpStatusCode> PushAsync(HttpClient http, string push, string key, string lines, bool gzip,
        LeakSearch search, string source = "edge")
    {
        var body = Encoding.UTF8.GetBytes(lines);
        if (gzip)
        {
            using var compressed = new MemoryStream();
            using (var stream = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            {
                stream.Write(body);
            }
            body = compressed.ToArray();
        }
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain") { CharSet = "utf-8" };
        if (gzip)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{push.TrimEnd('/')}/v1/lines?source={source}")) { Content =
            content };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var reply = await http.SendAsync(request, TestContext.Current.CancellationToken);
        search.Text("an answer to a push", $"{reply}{await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        return reply.StatusCode;
    }

    private static string After(string line, string name) => line[(line.IndexOf(name, StringComparison.Ordinal) + name.Length)..]
        .Split(' ')[0];
}
