using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>The sample logs, the whole way: their truth = `import` = `verify` = what another engine reads.</summary>
public sealed class SampleLogTests
{
    public static TheoryData<string> Logs => ["combined-nginx.log", "combined-apache.log", "iis-w3c.log", "appservice-w3c.log",
        "appservice-json.log"];

    [Theory]
    [MemberData(nameof(Logs))]
    public void A_sample_log_is_imported_once_and_verifies_to_its_truth(string log)
    {
        using var folder = new Folder();
        string[] import = ["import", Sample.Of(log), "--source", "web", "--dir", folder.Dir, "--json"];

        var dry = Cli.Run([.. import, "--dry-run"]);
        Assert.Equal(0, dry.Exit);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        var first = Cli.Run(import);
        Assert.Equal((0, ""),
            (first.Exit, string.Join('\n', first.Error.Split('\n').Where(line => line.StartsWith("error", StringComparison.Ordinal)))));
        Assert.Equal(Counts(dry.Json), Counts(first.Json));
        using var truth = JsonDocument.Parse(File.ReadAllText(Sample.Of(log + ".truth.json")));
        Assert.Equal(truth.RootElement.GetProperty("lines").GetInt64(), first.Json.GetProperty("lines").GetInt64());
        Assert.Equal(truth.RootElement.GetProperty("kinds").GetProperty("xencenter").GetInt64(), Records(first.Json, "xencenter-checks"));
        Assert.Equal(truth.RootElement.GetProperty("kinds").GetProperty("agent").GetInt64(), Records(first.Json, "agent-updates"));
        Assert.Equal(Rejected(truth.RootElement), first.Json.GetProperty("rejections").EnumerateObject().Sum(r => r.Value.GetInt64()));

        var second = Cli.Run(import);
        Assert.Equal((0, 0L, 0L), (second.Exit, second.Json.GetProperty("lines").GetInt64(),
            second.Json.GetProperty("captures").GetInt64()));

        var verify = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal((0, true), (verify.Exit, verify.Json.GetProperty("ok").GetBoolean()));
        Assert.Equal(Counts(first.Json), Counts(verify.Json));
    }

    [Fact]
    public void Another_engine_reads_as_many_rows_as_verify_counts()
    {
        if (Reader() is not { } reader)
        {
            Assert.Skip("no delta-rs reader: set PIPELINE_TEST_READERS to a folder that has `delta`, or put one at ../shared/readers " +
                "beside the repository");
            return;
        }
        using var folder = new Folder();
        Assert.Equal(0, Cli.Run(["import", .. Logs.Select(row => Sample.Of(row.Data)), "--source", "web", "--dir", folder.Dir]).Exit);
        var records = Cli.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("records");
        foreach (var dataset in records.EnumerateObject())
        {
            using var delta =
                Process.Start(new ProcessStartInfo(reader,
                ["facts", Path.Combine(folder.Dir, "uk", "tables", dataset.Name)]) { RedirectStandardOutput = true })!;
            var facts = JsonDocument.Parse(delta.StandardOutput.ReadToEnd()).RootElement;
            Assert.Equal((dataset.Value.GetInt64(), dataset.Value.GetInt64()),
                (facts.GetProperty("rows").GetInt64(), facts.GetProperty("rows_by_statistics").GetInt64()));
        }
    }

    private static string? Reader([CallerFilePath] string here = "")
    {
        var folder = Environment.GetEnvironmentVariable("PIPELINE_TEST_READERS")
            ?? Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "shared", "readers");
        return File.Exists(folder) ? folder : File.Exists(Path.Combine(folder, "delta")) ? Path.Combine(folder, "delta") : null;
    }

    /// <summary>The counts that `import` and `verify` share, as text to compare.</summary>
    private static string Counts(JsonElement json) => string.Join(' ',
        new[] { "lines", "records", "rejections", "duplicates" }.Select(name => JsonSerializer.Serialize(json.GetProperty(name))));

    private static long Records(JsonElement json, string dataset) => json.GetProperty("records").GetProperty(dataset).GetInt64();

    private static long Rejected(JsonElement truth) => truth.GetProperty("malformed").EnumerateObject().Sum(m => m.Value.GetInt64())
        + truth.GetProperty("kinds").EnumerateObject().Where(k => k.Name is not ("agent" or "xencenter")).Sum(k => k.Value.GetInt64());
}
