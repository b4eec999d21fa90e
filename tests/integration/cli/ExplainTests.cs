using System.Text.Json;

namespace Pipeline.Tests.Integration.Cli;

public sealed class ExplainTests
{
    private const string Secret = "secret-of-a-user";

    [Fact]
    public void Lines_on_standard_input_are_explained_one_object_a_line_and_nothing_is_written()
    {
        var bad = $"203.0.113.9 - {Secret} [02/Nov/2026:10:00:00 +0000] \"GET /{Secret} HTTP/1.1\" 200 1 \"{Secret}\" \"{Secret}\"\n";
        var answer = Cli.RunWith(Sample.Line(0) + bad + new string('x', 200_000) + "\n" + Sample.Line(1).TrimEnd(), "explain", "--json");
        Assert.Equal((0, ""), (answer.Exit, answer.Error));
        var said = answer.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(["record", "rejected", "rejected", "record"], said.Select(e => e.GetProperty("outcome").GetString()!));
        Assert.Equal("2025.2.0.8315", said[0].GetProperty("records")[0].GetProperty("kept").GetProperty("xencenter_version").GetString());
        Assert.Equal(("too-long", 200_000L), (said[2].GetProperty("rejected")[0].GetProperty("reason").GetString(),
            said[2].GetProperty("dropped")[0].GetProperty("bytes").GetInt64()));

        var people = Cli.RunWith(Sample.Line(0) + bad, "explain", "--format", "combined");
        Assert.Contains("kept     client_ip = 203.0.113.7", people.Out, StringComparison.Ordinal);
        Assert.Contains("line 2: rejected as other-path", people.Out, StringComparison.Ordinal);
        Assert.All([answer, people], a => Assert.DoesNotContain(Secret, a.Out + a.Error, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void What_no_format_fits_is_exit_1_and_not_quoted()
    {
        var answer = Cli.RunWith(Secret + "\n" + Secret + "\n", "explain");
        Assert.Equal((1, ""), (answer.Exit, answer.Out));
        Assert.Contains("--format", answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, answer.Error, StringComparison.Ordinal);
        Assert.Equal(2, Cli.RunWith("", "explain", "--format", "clf").Exit);
    }
}
