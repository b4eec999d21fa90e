namespace Pipeline.Tests.Integration.Cli;

public sealed class SettingsTests
{
    private const string Good = "stores:\n  us: {path: us, region: eastus}\n  uk: {path: uk, region: uksouth}\nkeys: keys\n";

    [Fact]
    public void Every_error_of_a_configuration_is_told_at_once_with_key_file_and_what_is_known()
    {
        using var folder = new Folder();
        var config = folder.Write("pipeline.yaml", Good + "seal: {bytes: 5, agee: 1m}\nsources: [{name: web, path: x}]\nkafak: {}\n");
        var answer = Cli.Run("validate", "--config", config);
        Assert.Equal(78, answer.Exit);
        foreach (var part in new[] { "pipeline.yaml", "'seal.agee'", "bytes, age, budget", "seal.bytes: found '5'", "'sources.path'",
            "name, format, paths", "'kafak'", "stores, keys" })
        {
            Assert.Contains(part, answer.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_environment_wins_over_the_file_and_its_unknown_names_are_errors()
    {
        using var folder = new Folder();
        var config = folder.Write("pipeline.yaml", Good + "seal: {age: 2m}\n");
        Assert.Contains("120 s", Cli.Run("validate", "--config", config).Out, StringComparison.Ordinal);
        Assert.Contains("180 s", Cli.Run(new Dictionary<string, string> { ["PIPELINE__SEAL__AGE"] = "3m" }, "validate", "--config",
            config).Out, StringComparison.Ordinal);
        var unknown = Cli.Run(new Dictionary<string, string> { ["PIPELINE__SEAL__AGEE"] = "3m" }, "validate", "--config", config);
        Assert.Equal(78, unknown.Exit);
        Assert.Contains("PIPELINE__SEAL__AGEE", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_region_that_no_contract_allows_is_refused_and_leaves_nothing_behind()
    {
        using var folder = new Folder();
        var config = folder.Write("pipeline.yaml", Good.Replace("uksouth", "westeurope", StringComparison.Ordinal));
        var answer = Cli.Run("import", Sample.Of("combined-nginx.log"), "--source", "web", "--config", config);
        Assert.Equal(4, answer.Exit);
        Assert.Contains("westeurope", answer.Error, StringComparison.Ordinal);
        Assert.Equal([config], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_lost_key_is_78_and_so_is_another_ones()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Sample.Line(0));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web", "--dir", folder.Dir).Exit);
        var key = Path.Combine(folder.Dir, "keys", "installation.key");
        File.Move(key, key + ".lost");
        foreach (string[] command in new[] { ["verify"], ["status"], new[] { "import", log, "--source", "web" } })
        {
            var lost = Cli.Run([.. command, "--dir", folder.Dir]);
            Assert.Equal(78, lost.Exit);
            Assert.Contains("installation.key", lost.Error, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(key));

        // The copy keeps the mode that a key must have.
        File.Copy(key + ".lost", key);
        File.WriteAllText(key, new string('a', 64) + "\n");
        Assert.Equal(78, Cli.Run("verify", "--dir", folder.Dir).Exit);
        Assert.Equal(78, Cli.Run("import", log, "--source", "web", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void Looking_at_nothing_is_78_and_makes_nothing()
    {
        using var folder = new Folder();
        foreach (var command in new[] { "status", "verify", "installs", "rejections" })
        {
            Assert.Equal(78, Cli.Run(command, "--dir", folder.Dir).Exit);
        }
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }
}
