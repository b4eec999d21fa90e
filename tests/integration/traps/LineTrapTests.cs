using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Crash;

namespace Pipeline.Tests.Integration.Traps;

/// <summary>Traps of docs/traps.md that lie in the lines, shown with the whole program.</summary>
public sealed partial class LineTrapTests
{
    /// <summary>People behind one address ask for the same file in the same second: each request is a record. What is recognised is a place
    /// in a file, or a push under its key, never content.</summary>
    [Fact]
    public void Equal_requests_are_as_many_records()
    {
        using var folder = new Folder();
        folder.Write("access.log", string.Concat(Enumerable.Repeat(Sample.Line(1), 500)));
        string[] import = ["import", folder["access.log"], "--source", "web", "--dir", folder.Dir, "--json"];
        Assert.Equal(500, Records(Cli.Cli.Run(import)));
        File.AppendAllText(folder["access.log"], Sample.Line(1) + Sample.Line(1));
        Assert.Equal(2, Records(Cli.Cli.Run(import)));
        Assert.Equal(0, Records(Cli.Cli.Run(import)));
        var verify = Cli.Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 502L, 0L), (verify.Exit, Records(verify), verify.Json.GetProperty("duplicates").GetInt64()));
    }

    [Fact]
    public void Fields_that_look_like_paths_are_in_no_name()
    {
        using var folder = new Folder();
        var longest = new string('A', 4_096);
        string[] hostile = ["../../../../etc/cron.d/x", "%2e%2e%2f%2e%2e%2f", "a%00b", "..\\..\\x", longest, "date=2026-01-01/../../x",
            "/dev/null", "a\0b"];
        var text = new StringBuilder(Sample.Line(1));
        foreach (var field in hostile)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"198.51.100.7 - {field} [02/Nov/2026:10:00:00 +0000] \"GET /{field} HTTP/1.1\" 200 1 \"{field}\" \"XenCenter/{field}\"\n");
            text.Append(CultureInfo.InvariantCulture,
                $"198.51.100.7 - - [02/Nov/2026:10:00:00 +0000] \"GET /updates.2.tsv?id={field} HTTP/1.1\" 200 1 \"{field}\" " +
                $"\"{field}\"\n");
            text.Append(CultureInfo.InvariantCulture,
                $"{field} - - [02/Nov/2026:10:00:00 +0000] \"GET /XenServer/updates.xml HTTP/1.1\" 200 1 \"-\" \"XenCenter/{field}\"\n");
        }
        folder.Write("access.log", text.ToString());
        Assert.Equal(0, Cli.Cli.Run("import", folder["access.log"], "--source", "web", "--format", "combined", "--dir", folder.Dir).Exit);
        Assert.Equal(["access.log", "installation"], Directory.GetFileSystemEntries(folder.Path).Select(e => Path.GetFileName(e))
            .Order(StringComparer.Ordinal));
        var names = Directory.GetFiles(folder.Dir, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder.Dir, f))
            .ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Matches(NamePattern(), name));
    }

    /// <summary>The hour that comes twice, the hour that does not exist, and the days that begin at other instants: the machine's zone has
    /// no part in it.</summary>
    [Theory]
    [InlineData("America/New_York")]
    [InlineData("Europe/London")]
    [InlineData("Asia/Kolkata")]
    public void A_records_date_is_UTCs_whatever_zone_the_machine_is_in(string zone)
    {
        using var folder = new Folder();
        string[] times = ["01/Nov/2026:01:30:00 -0400", "01/Nov/2026:01:30:00 -0500", "31/Oct/2026:23:30:00 -0500",
            "08/Mar/2026:02:30:00 -0500", "29/Mar/2026:01:30:00 +0000", "25/Oct/2026:00:30:00 +0100", "01/Jan/2026:04:00:00 +0530"];
        folder.Write("access.log",
            string.Concat(times.Select(t =>
            $"198.51.100.7 - - [{t}] \"GET /XenServer/updates.xml HTTP/1.1\" 200 1 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\"\n")));
        Assert.Equal(times.Length,
            Records(Cli.Cli.Run(new Dictionary<string, string> { ["TZ"] = zone }, "import", folder["access.log"], "--source", "web",
            "--dir", folder.Dir, "--json")));
        string[] dates =
            [.. times.Select(t => DateTimeOffset.ParseExact(t.Insert(t.Length - 2, ":"), "dd/MMM/yyyy:HH:mm:ss zzz",
            CultureInfo.InvariantCulture).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))];
        Assert.Equal(dates.Distinct().Order(StringComparer.Ordinal), Directory.GetDirectories(
            Path.Combine(folder.Dir, "uk", "tables", "xencenter-checks"), "date=*").Select(d => Path.GetFileName(d)["date=".Length..])
            .Order(StringComparer.Ordinal));
        Assert.Equal(0, Cli.Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json").Exit);
    }

    [Fact]
    public async Task A_backlog_of_10_000_dates_needs_no_more_memory_than_one_of_one()
    {
        const int Days = 10_000;
        using var folder = new Folder();
        Directory.CreateDirectory(folder.Dir);
        var first = new DateOnly(2015, 1, 1);
        await using (var log = File.CreateText(folder["access.log"]))
        {
            for (var i = 0; i < Days * 3; i++)
            {
                await log.WriteAsync(string.Create(CultureInfo.InvariantCulture,
                    $"198.51.{i >> 8 & 255}.{i & 255} - - [{first.AddDays(i * 7 % Days):dd/MMM/yyyy}:10:00:00 +0000] \"GET " +
                    $"/XenServer/updates.xml HTTP/1.1\" 200 1 \"-\" \"XenCenter/2025.2.0.8315 (64-bit)\"\n"));
            }
        }
        using var import = Victim.Start(folder.Dir, "import", folder["access.log"], "--source", "web", "--format", "combined", "--dir",
            folder.Dir);
        var peak = 0L;
        while (!import.Ended.IsCompleted)
        {
            peak = Math.Max(peak, import.PeakBytes());
            await Task.WhenAny(import.Ended, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None));
        }
        Assert.True(import.Exit == 0, import.Error);
        Assert.Equal(Days, Directory.GetDirectories(Path.Combine(folder.Dir, "uk", "tables", "xencenter-checks"), "date=*").Length);
        TestContext.Current.TestOutputHelper?.WriteLine($"peak {peak >> 20} MB");
        Assert.True(peak < 400 << 20, $"peak {peak >> 20} MB");
    }

    private static long Records(Answer answer) => answer.Json.GetProperty("records").TryGetProperty("xencenter-checks", out var n)
        ? n.GetInt64() : 0;

    /// <summary>Every name that an installation has after an import.</summary>
    [GeneratedRegex(@"^(keys/[a-z0-9.-]+|names/web\.jsonl|uk/registry/tables/[a-z-]+\.json|us/contents/([0-9a-f]{3}/[0-9a-f]{32}|sources/web)|(us|uk)/(store\.json|contracts/[0-9a-f]{64}\.yaml|\.[a-z0-9./_~-]+)|us/sources/web|us/(captures/web/\d{16}|snapshots/web|cold/web)/\d{20}|us/shards/[a-z0-9./_-]+|uk/tables/[a-z-]+/(date=\d{4}-\d\d-\d\d/[0-9a-f-]{36}\.parquet|_delta_log/(\d{20}(\.checkpoint\.parquet|\.json)|_last_checkpoint)))$")]
    private static partial Regex NamePattern();
}
