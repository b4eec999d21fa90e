namespace Pipeline.Tests.Integration.Cli;

public sealed class StandardInputTests
{
    [Fact]
    public void Standard_input_is_imported_to_its_end_and_its_last_line_needs_no_newline()
    {
        using var folder = new Folder();
        string[] import = ["import", "-", "--source", "web", "--dir", folder.Dir, "--at-least-once", "--json"];
        var first = Cli.RunWith(Sample.Line(0) + Sample.Line(1).TrimEnd('\n'), import);
        Assert.Equal((0, 2L, 0), (first.Exit, first.Json.GetProperty("lines").GetInt64(),
            first.Json.GetProperty("pending").GetArrayLength()));
        Assert.Equal((0, 1L), (Cli.RunWith(Sample.Line(0), import) is var again ? again.Exit
            : 0, again.Json.GetProperty("lines").GetInt64()));
        Assert.Equal(3L, Cli.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("lines").GetInt64());
    }

    [Fact]
    public void A_format_that_is_not_recognised_is_exit_1_and_nothing_is_quoted()
    {
        using var folder = new Folder();
        var answer = Cli.RunWith("secret-of-a-user\nsecret-of-a-user\n", "import", "-", "--source", "web", "--dir", folder.Dir,
            "--at-least-once");
        Assert.Equal(1, answer.Exit);
        Assert.DoesNotContain("secret-of-a-user", answer.Out + answer.Error, StringComparison.Ordinal);
        Assert.Equal(0, Cli.RunWith("", "import", "-", "--source", "web", "--dir", folder.Dir, "--at-least-once").Exit);
    }

    [Theory]
    [InlineData("at-least-once", "import", "-", "--source", "web", "--dir", "d")]
    [InlineData("alone", "import", "-", "a.log", "--source", "web", "--dir", "d", "--at-least-once")]
    [InlineData("alone", "import", "-", "-", "--source", "web", "--dir", "d", "--at-least-once")]
    [InlineData("exactly once", "import", "a.log", "--source", "web", "--dir", "d", "--at-least-once")]
    public void Standard_input_alone_and_at_least_once_or_it_is_wrong_usage(string says, params string[] args)
    {
        var answer = Cli.RunWith("", args);
        Assert.Equal(2, answer.Exit);
        Assert.Contains(says, answer.Error, StringComparison.Ordinal);
    }
}
