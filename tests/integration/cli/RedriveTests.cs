using System.IO.Compression;
using System.Text;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>`redrive` as an operator uses it: a log was imported in the wrong format, and the settings were mended afterwards.</summary>
public sealed class RedriveTests
{
    private const int Lines = 40;

    [Fact]
    public void Rejected_lines_become_records_once_and_verify_holds_the_balance()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", string.Concat(Enumerable.Range(0, Lines).Select(i => Sample.Line(i % 60, $"203.0.113.{i}"))));
        Assert.Equal(3, Cli.Run("import", log, "--source", "web", "--dir", folder.Dir, "--format", "iis-w3c").Exit);
        Assert.Equal(Lines, Count(Cli.Run("verify", "--dir", folder.Dir, "--json").Json, "rejections", "malformed"));

        var dry = Cli.Run("redrive", "--reason", "malformed", "--format", "combined", "--dry-run", "--dir", folder.Dir, "--json");
        Assert.Equal((0, Lines), (dry.Exit, Redriven(dry)));
        Assert.Equal(Lines, Count(Cli.Run("verify", "--dir", folder.Dir, "--json").Json, "rejections", "malformed"));

        // Rotated and compressed meanwhile.
        using (var gzip = new GZipStream(File.Create(log + ".1.gz"), CompressionLevel.Fastest))
        {
            gzip.Write(File.ReadAllBytes(log));
        }
        File.Delete(log);
        var first = Cli.Run("redrive", "--reason", "malformed", "--format", "combined", "--dir", folder.Dir, "--json");
        Assert.Equal((0, Lines), (first.Exit, Redriven(first)));
        var again = Cli.Run("redrive", "--reason", "malformed", "--format", "combined", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 0), (again.Exit, Redriven(again)));

        Assert.DoesNotContain("malformed", Cli.Run("rejections", "--lines", "--dir", folder.Dir).Out, StringComparison.Ordinal);
        Assert.Empty(Cli.Run("rejections", "--dir", folder.Dir, "--json").Json.GetProperty("counts").EnumerateArray());

        var verify = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal(0, verify.Exit);
        Assert.Equal((Lines, 0, Lines), (verify.Json.GetProperty("lines").GetInt32(), Count(verify.Json, "rejections", "malformed"),
            Count(verify.Json, "redriven", "malformed")));
        Assert.Equal(Lines, verify.Json.GetProperty("records").EnumerateObject().Sum(d => d.Value.GetInt32()));
        Assert.Empty(verify.Json.GetProperty("pending").EnumerateArray());
    }

    [Fact]
    public void A_file_that_is_gone_is_named_and_an_unknown_reason_is_wrong_usage()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Sample.Line(0));
        Cli.Run("import", log, "--source", "web", "--dir", folder.Dir, "--format", "iis-w3c");
        File.Delete(log);
        var gone = Cli.Run("redrive", "--reason", "malformed", "--dir", folder.Dir);
        Assert.Equal(1, gone.Exit);
        Assert.Contains("not found: " + log, gone.Out, StringComparison.Ordinal);
        Assert.Equal(2, Cli.Run("redrive", "--reason", "ugly", "--dir", folder.Dir).Exit);
    }

    private static int Redriven(Answer answer) => answer.Json.GetProperty("sources").EnumerateArray()
        .Sum(s => s.GetProperty("redriven").EnumerateObject().Sum(r => r.Value.GetInt32()));

    private static int Count(System.Text.Json.JsonElement report, string member, string reason) =>
        report.GetProperty(member).TryGetProperty(reason, out var n) ? n.GetInt32() : 0;
}
