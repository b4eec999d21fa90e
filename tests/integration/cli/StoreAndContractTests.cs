using System.Runtime.CompilerServices;

namespace Pipeline.Tests.Integration.Cli;

public sealed class StoreAndContractTests
{
    [Fact]
    public void Stores_that_were_made_by_hand_become_an_installation()
    {
        using var folder = new Folder();
        var (us, uk) = (Path.Combine(folder.Dir, "us"), Path.Combine(folder.Dir, "uk"));
        Assert.Equal(4, Cli.Run("store", "init", "--role", "capture", "--region", "uksouth", us).Exit);
        Assert.False(Directory.Exists(us));
        Assert.Equal(0, Cli.Run("store", "init", "--role", "capture", "--region", "eastus", us, "--dry-run").Exit);
        Assert.False(Directory.Exists(us));
        var made = Cli.Run("store", "init", "--role", "capture", "--region", "eastus", us, "--json");
        Assert.Equal((0, "eastus"), (made.Exit, made.Json.GetProperty("region").GetString()));
        Assert.Equal(0, Cli.Run("store", "init", "--role", "capture", "--region", "eastus", us).Exit);
        Assert.Equal(78, Cli.Run("store", "init", "--role", "table", "--region", "uksouth", us).Exit);
        Assert.Equal(0, Cli.Run("store", "init", "--role", "table", "--region", "uksouth", uk, "--captures", us).Exit);
        Assert.Equal(0, Cli.Run("import", folder.Write("a.log", Sample.Line(0)), "--source", "web", "--dir", folder.Dir).Exit);
        Assert.Equal(0, Cli.Run("verify", "--deep", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void A_contract_that_is_in_force_is_nothing_to_do_and_another_shape_is_a_new_dataset()
    {
        using var folder = new Folder();
        Assert.Equal(0, Cli.Run("import", folder.Write("a.log", Sample.Line(0)), "--source", "web", "--dir", folder.Dir).Exit);
        var published = File.ReadAllText(Contract("agent-updates.yaml"));
        var same = Cli.Run("contract", "apply", Contract("agent-updates.yaml"), "--dir", folder.Dir, "--json");
        Assert.Equal((0, false), (same.Exit, same.Json.GetProperty("stored").GetBoolean()));

        var reworded = folder.Write("reworded.yaml", published + "\n# reviewed\n");
        Assert.Equal(0, Cli.Run("contract", "apply", reworded, "--dir", folder.Dir, "--dry-run").Exit);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(folder.Dir, "uk", "contracts")).Length);
        Assert.True(Cli.Run("contract", "apply", reworded, "--dir", folder.Dir, "--json").Json.GetProperty("stored").GetBoolean());
        Assert.Equal(3, Directory.GetFiles(Path.Combine(folder.Dir, "uk", "contracts")).Length);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(folder.Dir, "us", "contracts")).Length);

        var other = Cli.Run("contract", "apply", folder.Write("other.yaml",
            published.Replace("vm_uuid_prefix", "vm_prefix", StringComparison.Ordinal)), "--dir", folder.Dir);
        Assert.Equal(4, other.Exit);
        Assert.Contains("new dataset", other.Error, StringComparison.Ordinal);
        Assert.Equal(78, Cli.Run("contract", "apply", folder.Write("broken.yaml", "kind: Recipe\n"), "--dir", folder.Dir).Exit);
    }

    /// <summary>The rows of docs/decisions/an-added-column-comes-with-the-program.md that add or narrow something.</summary>
    [Theory]
    [InlineData(true, 4, "must be optional")]
    [InlineData(false, 78, "fills time, client_ip, vm_uuid_prefix and no other")]
    public void An_added_column_is_refused_until_a_program_fills_it_and_nothing_is_written(bool required, int exit, string why)
    {
        using var folder = new Folder();
        Assert.Equal(0, Cli.Run("import", folder.Write("a.log", Sample.Line(0)), "--source", "web", "--dir", folder.Dir).Exit);
        var wider = File.ReadAllText(Contract("agent-updates.yaml")).Replace("      - name: vm_uuid_prefix\n",
            $"      - name: agent_version\n        logicalType: string\n        physicalType: utf8\n        required: " +
                $"{(required ? "true" : "false")}\n        classification: internal\n        logicalTypeOptions: {{ maxLength: 32 }}\n  " +
                $"    - name: vm_uuid_prefix\n", StringComparison.Ordinal);
        var answer = Cli.Run("contract", "apply", folder.Write("wider.yaml", wider), "--dir", folder.Dir);
        Assert.Equal((exit, ""), (answer.Exit, answer.Out));
        Assert.All(["agent_version", why], part => Assert.Contains(part, answer.Error, StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(folder.Dir, "uk", "contracts")).Length);
        Assert.Equal(0, Cli.Run("verify", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void The_version_is_the_programs_and_goes_to_standard_output()
    {
        var answer = Cli.Run("--version");
        Assert.Equal(0, answer.Exit);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", answer.Out);
        Assert.Equal(0, Cli.Run("validate").Exit);
    }

    private static string Contract(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "contracts", name);
}
