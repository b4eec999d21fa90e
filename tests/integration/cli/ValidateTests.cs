using System.Text;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>`validate` and `completion`: what is asked before anything is started.</summary>
public sealed class ValidateTests
{
    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        using var folder = new Folder();
        folder.Write("strange.log", "neither this\nnor that\n");
        folder.Write("good.log", Sample.Line(0));
        Directory.CreateDirectory(folder["sub"]);
        File.WriteAllBytes(folder["wide.log"], [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("x\n")]);
        var config = folder.Write("pipeline.yaml", """
            stores:
              us: { path: us, region: uk }
              uk: { path: uk, region: us }
            keys: keys
            sources:
              - { name: good, paths: good.log }
              - { name: strange, paths: strange.log }
              - { name: wide, paths: wide.log }
              - { name: later, format: 'nginx:$remote_addr [$time_local] "$request"', paths: 'absent-*.log' }
            """);
        var answer = Cli.Run("validate", "--config", config, "--json");
        var errors = answer.Json.GetProperty("errors").EnumerateArray().Select(e => e.GetString()!).ToList();
        Assert.Equal((4, false), (answer.Exit, answer.Json.GetProperty("ok").GetBoolean()));
        Assert.Equal(4, errors.Count);
        Assert.Equal(2, errors.Count(e => e.Contains("region", StringComparison.Ordinal)));
        Assert.Contains(errors, e => e.Contains("strange.log", StringComparison.Ordinal));
        Assert.Contains(errors, e => e.Contains("UTF-16", StringComparison.Ordinal));
        Assert.DoesNotContain("neither this", answer.Out + answer.Error, StringComparison.Ordinal);
        Assert.Contains("no file matches", answer.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["us"]) || Directory.Exists(folder["uk"]) || Directory.Exists(folder["keys"]));
    }

    [Fact]
    public void What_is_right_is_said_with_exit_0()
    {
        using var folder = new Folder();
        folder.Write("good.log", Sample.Line(0));
        var config = folder.Write("pipeline.yaml", """
            stores: { us: { path: us }, uk: { path: uk } }
            keys: keys
            sources: [{ name: good, paths: good.log }]
            """);
        var answer = Cli.Run("validate", "--config", config);
        Assert.Equal(0, answer.Exit);
        Assert.Contains("source good: auto, 1 file can be read", answer.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _pipeline pipeline")]
    [InlineData("zsh", "#compdef pipeline")]
    [InlineData("fish", "complete -c pipeline")]
    public void A_shell_is_given_a_script_that_asks_the_program(string shell, string holds)
    {
        var script = Cli.Run("completion", shell);
        Assert.Equal(0, script.Exit);
        Assert.Contains(holds, script.Out, StringComparison.Ordinal);
        Assert.Contains("[suggest:", script.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void The_program_suggests_commands_formats_and_reasons()
    {
        Assert.Contains("redrive", Cli.Run("[suggest:12]", "pipeline red").Out, StringComparison.Ordinal);
        const string format = "pipeline import x --source s --format ";
        Assert.Contains("frontdoor", Cli.Run($"[suggest:{format.Length}]", format).Out, StringComparison.Ordinal);
        const string reason = "pipeline redrive --reason ";
        Assert.Contains("other-path", Cli.Run($"[suggest:{reason.Length}]", reason).Out, StringComparison.Ordinal);
    }
}
