using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Compaction;

public sealed class CompactionTests
{
    private const string Checks = "xencenter-checks";

    [Fact]
    public void Many_imports_are_compacted_and_verify_and_another_engine_find_the_same_rows()
    {
        using var folder = new Folder();
        for (var i = 0; i < 5; i++)
        {
            Import(folder, i);
        }
        var before = Verify(folder);
        var facts = Facts(folder);

        var plan = Run(folder, "compact", "--dry-run", "--json");
        Assert.Equal((true, 5, 1), (plan.GetProperty("dryRun").GetBoolean(), Date(plan, "filesBefore"), Date(plan, "filesAfter")));
        Assert.Equal(before.GetRawText(), Verify(folder).GetRawText());

        var done = Run(folder, "compact", "--json");
        Assert.Equal((5, 1, 1), (Date(done, "filesBefore"), Date(done, "filesAfter"), Table(done).GetProperty("commits").GetInt32()));
        Assert.Equal(before.GetProperty("shipped").GetRawText(), Verify(folder).GetProperty("shipped").GetRawText());
        if (facts is not null)
        {
            var after = Facts(folder)!.Value;
            Assert.Equal((facts.Value.GetProperty("rows").GetInt64(), 1L),
                (after.GetProperty("rows").GetInt64(), after.GetProperty("files").GetInt64()));
            Assert.Equal(after.GetProperty("rows").GetInt64(), after.GetProperty("rows_by_statistics").GetInt64());
        }

        var segment = LiveSegment(folder);
        var inspected = Run(folder, "inspect", segment).GetProperty("label");
        Assert.Equal((0, 5), (inspected.GetProperty("shards").GetArrayLength(), inspected.GetProperty("inputs").GetArrayLength()));

        Assert.Equal(0, Table(Run(folder, "compact", "--json")).GetProperty("commits").GetInt32());
    }

    [Fact]
    public void What_a_compaction_replaced_stays_for_its_grace_and_then_goes_with_a_receipt()
    {
        using var folder = new Folder();
        for (var i = 0; i < 3; i++)
        {
            Import(folder, i);
        }
        var kept = Table(Run(folder, "compact", "--remove-void", "--json")).GetProperty("void");
        Assert.Equal((3, 0), (kept.GetProperty("waiting").GetInt32(), kept.GetProperty("removed").GetInt32()));

        var answer = Cli.Cli.Run(new Dictionary<string, string> { ["PIPELINE__COMPACT__GRACE"] = "1s" }, "compact", "--remove-void",
            "--json", "--dir", folder.Dir);
        for (var tries = 0; tries < 20 && Table(answer.Json).GetProperty("void").GetProperty("removed").GetInt32() == 0; tries++)
        {
            // The grace is a second, and a process starts in less.
            answer = Cli.Cli.Run(new Dictionary<string, string> { ["PIPELINE__COMPACT__GRACE"] = "1s" }, "compact", "--remove-void",
                "--json", "--dir", folder.Dir);
        }
        var removed = Table(answer.Json).GetProperty("void");
        Assert.Equal(3, removed.GetProperty("removed").GetInt32());
        var receipt = Path.Combine(folder.Dir, "uk", removed.GetProperty("receipts")[0].GetString()!);
        Assert.True(File.Exists(receipt) && File.Exists(receipt.Replace(".json", ".done.json", StringComparison.Ordinal)));
        Assert.DoesNotContain("203.0.113", File.ReadAllText(receipt), StringComparison.Ordinal);
        Verify(folder);
    }

    [Fact]
    public async Task A_run_compacts_on_its_own_schedule()
    {
        using var folder = new Folder();
        for (var i = 0; i < 8; i++)
        {
            Import(folder, i);
        }
        var settings = new Dictionary<string, string> { ["PIPELINE__COMPACT__PERIOD"] = "5s" };
        using (var run = Cli.Cli.Start(settings, "run", "--dir", folder.Dir, "--tail", $"web={folder["nothing.log"]}"))
        {
            Assert.Contains("inputs=8 outputs=1 rows=80", await run.WaitForAsync($"compact table={Checks}"), StringComparison.Ordinal);
            Assert.Equal(0, await run.TerminateAsync());
        }
        Assert.Equal(80, Verify(folder).GetProperty("records").GetProperty(Checks).GetInt64());
    }

    private static void Import(Folder folder, int number)
    {
        var log = folder.Write($"{number}.log", string.Concat(Enumerable.Range(0, 10)
            .Select(i => Sample.Line((number * 10 + i) % 60, $"203.0.113.{number}"))));
        Assert.Equal(0, Cli.Cli.Run("import", log, "--source", "web", "--dir", folder.Dir, "--format", "combined").Exit);
    }

    private static JsonElement Run(Folder folder, params string[] args)
    {
        var answer = Cli.Cli.Run([.. args, "--dir", folder.Dir]);
        Assert.True(answer.Exit == 0, answer.Error);
        return answer.Json;
    }

    private static JsonElement Verify(Folder folder)
    {
        var report = Run(folder, "verify", "--deep", "--json");
        Assert.True(report.GetProperty("ok").GetBoolean());
        return report;
    }

    private static JsonElement Table(JsonElement report) => report.GetProperty("tables").EnumerateArray()
        .Single(t => t.GetProperty("dataset").GetString() == Checks);

    private static int Date(JsonElement report, string name) => Assert.Single(Table(report).GetProperty("dates").EnumerateArray())
        .GetProperty(name).GetInt32();

    private static string LiveSegment(Folder folder)
    {
        var table = Path.Combine(folder.Dir, "uk", "tables", Checks);
        var last = Directory.GetFiles(Path.Combine(table, "_delta_log"), "*.json").Order(StringComparer.Ordinal).Last();
        var add = File.ReadLines(last).Select(line => JsonDocument.Parse(line).RootElement)
            .Single(action => action.TryGetProperty("add", out _)).GetProperty("add");
        Assert.False(add.GetProperty("dataChange").GetBoolean());
        return $"tables/{Checks}/{add.GetProperty("path").GetString()}";
    }

    /// <summary>What delta-rs reads; null where there is none.</summary>
    private static JsonElement? Facts(Folder folder, [CallerFilePath] string here = "")
    {
        var readers = Environment.GetEnvironmentVariable("PIPELINE_TEST_READERS")
            ?? Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "shared", "readers");
        var reader = File.Exists(readers) ? readers : Path.Combine(readers, "delta");
        if (!File.Exists(reader))
        {
            return null;
        }
        using var delta =
            Process.Start(new ProcessStartInfo(reader,
            ["facts", Path.Combine(folder.Dir, "uk", "tables", Checks)]) { RedirectStandardOutput = true })!;
        return JsonDocument.Parse(delta.StandardOutput.ReadToEnd()).RootElement;
    }
}
