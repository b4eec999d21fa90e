using System.Text.Json;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>The demo, twice over one folder, and every command that looks, on what it leaves.</summary>
public sealed class DemoTests
{
    [Fact]
    public void The_demo_agrees_with_its_truth_twice_and_leaves_a_directory_that_every_command_can_look_at()
    {
        using var folder = new Folder();
        string[] demo = ["demo", "--dir", folder.Dir, "--installs", "300", "--days", "3"];
        var first = Cli.Run([.. demo, "--json"]);
        Assert.Equal((0, true), (first.Exit, first.Json.GetProperty("ok").GetBoolean()));
        Assert.Empty(first.Json.GetProperty("differences").EnumerateArray());
        var second = Cli.Run(demo);
        Assert.Equal(0, second.Exit);
        Assert.Contains("agree", second.Out, StringComparison.Ordinal);
        Assert.All(second.Out.Split('\n'), line => Assert.DoesNotContain('\u001b', line));

        JsonElement Look(params string[] command)
        {
            var answer = Cli.Run([.. command, "--dir", folder.Dir, "--json"]);
            Assert.Equal((0, string.Join(' ', command)), (answer.Exit, string.Join(' ', command)));
            return answer.Json;
        }
        Assert.Equal(3, Look("status").GetProperty("shards").GetArrayLength());
        Assert.Equal(first.Json.GetProperty("lines").GetInt64(), Look("verify").GetProperty("lines").GetInt64());
        var days = Look("installs", "--by", "day", "--from", "2026-11-03", "--to", "2026-11-03").GetProperty("rows");
        Assert.All(days.EnumerateArray(), row => Assert.Equal(("day", "2026-11-03"),
            (row.GetProperty("window").GetString(), row.GetProperty("start").GetString())));
        foreach (var member in new[] { "window", "start", "version", "checks", "addresses", "ipv4", "ipv6_64" })
        {
            Assert.True(days[0].TryGetProperty(member, out _), member);
        }
        Assert.Equal(first.Json.GetProperty("rejections").EnumerateObject().Sum(r => r.Value.GetInt64()),
            Look("rejections").GetProperty("reasons").EnumerateObject().Sum(r => r.Value.GetInt64()));

        var runs = Cli.Run("rejections", "--lines", "--reason", "malformed", "--dir", folder.Dir, "--json");
        var lines = runs.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("count").GetInt64()).Sum();
        Assert.Equal((0, first.Json.GetProperty("rejections").GetProperty("malformed").GetInt64()), (runs.Exit, lines));

        foreach (var file in Directory.EnumerateFiles(folder.Dir, "*", SearchOption.AllDirectories)
            .Where(f => f.Contains("/captures/", StringComparison.Ordinal) || f.EndsWith(".parquet", StringComparison.Ordinal)
            || f.EndsWith("01.json", StringComparison.Ordinal)).Take(6))
        {
            Assert.Equal(JsonValueKind.Object, Look("inspect", file).ValueKind);
        }
        Assert.Equal(2, Cli.Run("inspect", "captures/none", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void The_demo_leaves_a_folder_alone_that_is_not_a_demos()
    {
        using var folder = new Folder();
        folder.Write("precious.txt", "");
        Assert.Equal(2, Cli.Run("demo", "--dir", folder.Path).Exit);
        Assert.True(File.Exists(folder["precious.txt"]));
    }
}
