using System.Globalization;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>`rejections --by …` as an operator uses it: a log was imported with two columns of its format exchanged, and redriven with the
/// right one.</summary>
public sealed class RejectionsTests
{
    private const string Exchanged =
        "nginx:$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_user_agent\" \"$http_referer\"";

    [Fact]
    public void Rejections_are_counted_by_reason_source_day_rule_and_shape_and_reasons_sources_and_days_are_net_of_a_redrive()
    {
        using var folder = new Folder();
        // By the exchanged columns 6 lines have no agent string, 4 an unknown one; 3 ask for another path and 1 is no line of a log
        // whatever the columns.
        var log = string.Concat(Enumerable.Range(0, 6).Select(i => Sample.Line(i)))
            + string.Concat(Enumerable.Range(10, 4).Select(i => Sample.Line(i)
            .Replace("\"-\"", $"\"Portal/1.{i}\"", StringComparison.Ordinal)))
            + string.Concat(Enumerable.Range(20, 3).Select(i => Sample.Line(i)
                .Replace("/XenServer/updates.xml", $"/page/{i}", StringComparison.Ordinal))) + "no line of a log\n";
        Assert.Equal(0, Cli.Run("import", folder.Write("a.log", log), "--source", "web", "--dir", folder.Dir, "--format", Exchanged).Exit);
        Assert.Equal(0, Cli.Run("import", folder.Write("b.log", "\n" + Sample.Line(30)), "--source", "edge", "--dir", folder.Dir,
            "--format", "combined").Exit);

        Assert.Equal(["no-agent-string 6 0", "other-client 4 0", "other-path 3 0", "empty 1 0", "malformed 1 0"], By(folder, "reason"));
        Assert.Equal(["web no-agent-string 6 0", "web other-client 4 0", "web other-path 3 0", "edge empty 1 0", "web malformed 1 0"],
            By(folder, "source"));
        var day = Day(folder);
        Assert.Equal([$"{day} empty 1 0", $"{day} malformed 1 0", $"{day} no-agent-string 6 0", $"{day} other-client 4 0",
            $"{day} other-path 3 0"], By(folder, "day"));
        Assert.Equal(["nameless-updates-xml no-agent-string 6", "client-unknown other-client 4", "path-unknown other-path 3"],
            By(folder, "rule"));
        Assert.Equal(["agent:A/9.9 4", "path:/a/9 3"], By(folder, "shape"));

        var redrive = Cli.Run("redrive", "--reason", "no-agent-string", "--format", "combined", "--source", "web", "--dir", folder.Dir);
        // What it tells of its work is no error.
        Assert.Equal((0, false), (redrive.Exit, redrive.Error.Contains("error:", StringComparison.Ordinal)));
        Assert.Equal(0, Cli.Run("redrive", "--reason", "other-client", "--format", "combined", "--source", "web", "--dir",
            folder.Dir).Exit);

        Assert.Equal(["other-path 3 0", "empty 1 0", "malformed 1 0", "no-agent-string 0 6", "other-client 0 4"], By(folder, "reason"));
        Assert.Equal(["web other-path 3 0", "edge empty 1 0", "web malformed 1 0", "web no-agent-string 0 6", "web other-client 0 4"],
            By(folder, "source"));
        Assert.Equal([$"{day} empty 1 0", $"{day} malformed 1 0", $"{day} no-agent-string 0 6", $"{day} other-client 0 4",
            $"{day} other-path 3 0"], By(folder, "day"));
        Assert.Equal(["web other-client 0 4"], By(folder, "source", "--reason", "other-client"));
        Assert.Equal(["edge empty 1 0"], By(folder, "source", "--source", "edge"));
        // Which rule or shape a redriven line had is not captured: these say so, and do not pretend to be net.
        Assert.Equal(["nameless-updates-xml no-agent-string 6", "client-unknown other-client 4", "path-unknown other-path 3"],
            By(folder, "rule"));
        foreach (var by in new[] { "rule", "shape" })
        {
            Assert.Contains($"By {by} they still are", Cli.Run("rejections", "--by", by, "--dir", folder.Dir).Out,
                StringComparison.Ordinal);
        }
        var report = Cli.Run("rejections", "--by", "reason", "--dir", folder.Dir);
        Assert.Equal(0, report.Exit);
        Assert.Contains("in all: empty 1, malformed 1, other-path 3", report.Out, StringComparison.Ordinal);
        Assert.Contains("redriven, and no longer among these: no-agent-string 6, other-client 4", report.Out, StringComparison.Ordinal);

        var verify = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 16), (verify.Exit, verify.Json.GetProperty("lines").GetInt32()));
        Assert.Equal(5, verify.Json.GetProperty("rejections").EnumerateObject().Sum(r => r.Value.GetInt32()));
    }

    [Fact]
    public void What_cannot_be_counted_is_wrong_usage()
    {
        using var folder = new Folder();
        Assert.Equal(0, Cli.Run("import", folder.Write("a.log", Sample.Line(0)), "--source", "web", "--dir", folder.Dir).Exit);
        Assert.Empty(By(folder, "rule"));
        Assert.Equal(2, Cli.Run("rejections", "--by", "colour", "--dir", folder.Dir).Exit);
        Assert.Equal(2, Cli.Run("rejections", "--by", "shape", "--reason", "other-path", "--dir", folder.Dir).Exit);
        Assert.Equal(2, Cli.Run("rejections", "--by", "rule", "--lines", "--dir", folder.Dir).Exit);
    }

    /// <summary>The groups, as `key [reason] lines [redriven]`.</summary>
    private static List<string> By(Folder folder, string by, params string[] more)
    {
        var answer = Cli.Run(["rejections", "--by", by, "--dir", folder.Dir, "--json", .. more]);
        Assert.Equal(0, answer.Exit);
        Assert.Equal(by, answer.Json.GetProperty("by").GetString());
        return [.. answer.Json.GetProperty("groups").EnumerateArray().Select(group =>
            string.Join(' ', new[] { "key", "reason", "lines", "redriven" }.Where(name => group.TryGetProperty(name, out _))
            .Select(name => group.GetProperty(name).ToString())))];
    }

    /// <summary>The day on which the store made the captures.</summary>
    private static string Day(Folder folder) =>
        File.GetLastWriteTimeUtc(Directory.GetFiles(Path.Combine(folder.Dir, "us", "captures", "web"), "*", SearchOption.AllDirectories)
            .Max(StringComparer.Ordinal)!).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
