namespace Pipeline.Tests.Integration.Cli;

/// <summary>A double import is undone by the command, and the tables, `verify` and a second import agree.</summary>
public sealed class WithdrawTests
{
    private static string Log(int lines) => string.Concat(Enumerable.Range(0, lines)
        .Select(i => Sample.Line(i % 60, $"203.0.{i / 250}.{i % 250}")));

    [Fact]
    public void A_log_under_a_mistyped_source_is_withdrawn_and_imported_under_the_right_one()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Log(40));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-l", "--dir", folder.Dir).Exit);
        Assert.Equal(4, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        var plan = Cli.Run("withdraw", "--source", "web-l", "--dir", folder.Dir, "--dry-run", "--json");
        Assert.Equal((0, 40), (plan.Exit, plan.Json.GetProperty("withdrawn").GetProperty("xencenter-checks").GetInt32()));
        Assert.Equal((40, 40, 0), Verified(folder));
        // Not without the name.
        Assert.Equal(2, Cli.RunWith("web-1\n", "withdraw", "--source", "web-l", "--dir", folder.Dir).Exit);
        Assert.Equal((40, 40, 0), Verified(folder));
        var done = Cli.RunWith("web-l\n", "withdraw", "--source", "web-l", "--dir", folder.Dir, "--json");
        Assert.Equal(0, done.Exit);
        Assert.True(File.Exists(Path.Combine(folder.Dir, "us", done.Json.GetProperty("receipt").GetString()!)));
        Assert.Equal((40, 0, 40), Verified(folder));
        // The content is free again.
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        Assert.Equal((80, 40, 40), Verified(folder));
        var again = Cli.Run("withdraw", "--source", "web-l", "--dir", folder.Dir, "--yes");
        Assert.Equal(0, again.Exit);
        Assert.Contains("nothing is left to withdraw", again.Out, StringComparison.Ordinal);
        Assert.Equal(4, Cli.Run("import", log, "--source", "web-l", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void A_log_that_was_taken_again_on_purpose_is_there_once_after_its_captures_are_withdrawn()
    {
        using var folder = new Folder();
        var (log, other) = (folder.Write("a.log", Log(30)), folder.Write("b.log", Sample.Line(7, "198.51.100.1")));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        Assert.Equal(0, Cli.Run("import", other, "--source", "web-2", "--dir", folder.Dir).Exit);
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-2", "--dir", folder.Dir, "--again").Exit);
        Assert.Equal((61, 61, 0), Verified(folder));
        var runs = Cli.Run("withdraw", "--source", "web-2", "--dir", folder.Dir, "--dry-run", "--json").Json.GetProperty("runs");
        var captures = runs[1].GetProperty("captures");
        var range = $"{captures.GetProperty("from").GetInt64()}-{captures.GetProperty("to").GetInt64()}";
        Assert.Equal(0, Cli.Run("withdraw", "--source", "web-2", "--captures", range, "--yes", "--dir", folder.Dir).Exit);
        Assert.Equal((61, 31, 30), Verified(folder));
        // The file that stayed goes on; nothing of the table is open for other engines' removals.
        Assert.Equal(0, Cli.Run("import", other, "--source", "web-2", "--dir", folder.Dir).Exit);
        Assert.Equal(0, Cli.Run("compact", "--dir", folder.Dir).Exit);
        Assert.Equal((61, 31, 30), Verified(folder));
    }

    private static (int Lines, int Records, int Withdrawn) Verified(Folder folder)
    {
        var verify = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal(0, verify.Exit);
        var tables = verify.Json.GetProperty("tables");
        var records = Sum(verify.Json.GetProperty("records"));
        Assert.Equal(records, tables.EnumerateObject().Sum(table => table.Value.GetProperty("readRows").GetInt32()));
        return (verify.Json.GetProperty("lines").GetInt32(), records, Sum(verify.Json.GetProperty("withdrawn")));
    }

    private static int Sum(System.Text.Json.JsonElement counts) => counts.EnumerateObject().Sum(count => count.Value.GetInt32());
}
