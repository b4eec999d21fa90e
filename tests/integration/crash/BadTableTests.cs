using System.Text.Json.Nodes;
using Pipeline.Tests.Integration.Cli;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>A table that another engine wrote to (rules 23 and 24), as the real program meets it.</summary>
public sealed class BadTableTests
{
    [Fact]
    public void An_entry_that_changes_no_row_is_accepted_and_the_next_import_goes_on_above_it()
    {
        using var folder = Imported();
        Append(folder, """{"commitInfo":{"timestamp":1,"operation":"VACUUM START","engineInfo":"SomeEngine/9"}}""");
        Assert.Equal(0, Tool.Run("verify", "--deep", "--dir", folder.Dir).Exit);
        Assert.Equal(0, Tool.Run("import", folder.Write("b.log", Sample.Line(9)), "--source", "web", "--dir", folder.Dir).Exit);
        var verify = Tool.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 2L), (verify.Exit, verify.Json.GetProperty("lines").GetInt64()));
    }

    [Fact]
    public void Rows_that_another_engine_removed_are_a_difference_that_names_their_date()
    {
        using var folder = Imported();
        var path = Directory.GetFiles(Table(folder), "*.parquet", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Table(folder), file)).Single();
        Append(folder, """{"commitInfo":{"timestamp":1,"operation":"DELETE","engineInfo":"SomeEngine/9"}}""", $$$"""{"remove":{"path":"{{{path}}}","deletionTimestamp":1,"dataChange":true}}""");
        var verify = Tool.Run("verify", "--dir", folder.Dir, "--json");
        Assert.Equal(3, verify.Exit);
        Assert.Contains("2026-11-02", verify.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_property_that_another_engine_changed_is_refused_with_found_and_expected_and_the_capture_is_kept()
    {
        using var folder = Imported();
        var changed = Metadata(folder);
        changed["metaData"]!["configuration"]!["delta.appendOnly"] = "false";
        Append(folder, """{"commitInfo":{"timestamp":1,"operation":"SET TBLPROPERTIES","engineInfo":"SomeEngine/9"}}""",
            changed.ToJsonString());
        var import = Tool.Run("import", folder.Write("b.log", Sample.Line(9)), "--source", "web", "--dir", folder.Dir);
        var verify = Tool.Run("verify", "--dir", folder.Dir);
        Assert.Equal((78, 3), (import.Exit, verify.Exit));
        foreach (var part in new[] { "delta.appendOnly", "'false'", "'true'", "SomeEngine/9", "table xencenter-checks" })
        {
            Assert.Contains(part, import.Error, StringComparison.Ordinal);
            Assert.Contains(part, verify.Out, StringComparison.Ordinal);
        }

        // Set back by the engine that changed it, all goes on where it stopped.
        Append(folder, """{"commitInfo":{"timestamp":2,"operation":"SET TBLPROPERTIES","engineInfo":"SomeEngine/9"}}""",
            Metadata(folder).ToJsonString());
        Assert.Equal(0, Tool.Run("import", folder["b.log"], "--source", "web", "--dir", folder.Dir).Exit);
        verify = Tool.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 2L), (verify.Exit, verify.Json.GetProperty("lines").GetInt64()));
    }

    [Fact]
    public void An_entry_that_is_no_JSON_is_named_and_nothing_is_written_over_it()
    {
        using var folder = Imported();
        var entry = Append(folder, "{\"add\":");
        var import = Tool.Run("import", folder.Write("b.log", Sample.Line(9)), "--source", "web", "--dir", folder.Dir);
        Assert.Equal(3, import.Exit);
        Assert.Contains("xencenter-checks", import.Error, StringComparison.Ordinal);
        Assert.Equal(3, Tool.Run("verify", "--dir", folder.Dir).Exit);

        // Once it is gone, the capture that was made meanwhile is shipped.
        File.Delete(entry);
        Assert.Equal(0, Tool.Run("import", folder["b.log"], "--source", "web", "--dir", folder.Dir).Exit);
        Assert.Equal(2, Tool.Run("verify", "--deep", "--dir", folder.Dir, "--json").Json.GetProperty("lines").GetInt64());
    }

    private static Folder Imported()
    {
        var folder = new Folder();
        Assert.Equal(0, Tool.Run("import", folder.Write("a.log", Sample.Line(0)), "--source", "web", "--dir", folder.Dir).Exit);
        return folder;
    }

    private static string Table(Folder folder) => Path.Combine(folder.Dir, "uk", "tables", "xencenter-checks");

    private static JsonNode Metadata(Folder folder) => File.ReadLines(Path.Combine(Table(folder), "_delta_log", $"{0:D20}.json"))
        .Select(line => JsonNode.Parse(line)!).Single(action => action["metaData"] is not null);

    private static string Append(Folder folder, params string[] actions)
    {
        var log = Path.Combine(Table(folder), "_delta_log");
        var next = Path.Combine(log, $"{Directory.GetFiles(log, "*.json").Length:D20}.json");
        File.WriteAllText(next, string.Join('\n', actions) + "\n");
        return next;
    }
}
