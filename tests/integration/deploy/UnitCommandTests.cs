using System.Runtime.CompilerServices;
using Pipeline.Cli;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Deploy;

/// <summary>The command lines of the systemd units and of compose.yaml, given to the program.</summary>
public sealed class UnitCommandTests
{
    private static readonly string Deploy = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "deploy"));

    public static TheoryData<string> Units => [.. Directory.GetFiles(Path.Combine(Deploy, "systemd"), "*.service")
        .Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    /// <summary>A usage error is 2, and comes before the configuration is looked for; that it is not there is 78.</summary>
    [Theory]
    [MemberData(nameof(Units))]
    public void What_a_unit_starts_is_understood_and_a_slip_in_it_is_not(string unit)
    {
        var command = File.ReadLines(Path.Combine(Deploy, "systemd", unit))
            .Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal))["ExecStart=".Length..].Split(' ');
        Assert.Equal("/usr/bin/pipeline", command[0]);
        var at = Array.IndexOf(command, "--config") + 1;
        Assert.True(at > 0);
        using var folder = new Folder();
        // Whatever lies in /etc of this machine is not to be started by a test.
        string[] args = [.. command[1..at], folder[Path.GetFileName(command[at])], .. command[(at + 1)..]];
        var answer = Cli.Cli.Run(args);
        Assert.Equal(ExitCode.Configuration, answer.Exit);
        Assert.Contains("cannot be read", answer.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.WrongUsage, Cli.Cli.Run([.. args, "--no-such-option"]).Exit);
        Assert.Equal(ExitCode.WrongUsage, Cli.Cli.Run([args[0] + "s", .. args[1..]]).Exit);
        // The configuration that the unit names is one of those that are installed with it.
        Assert.True(File.Exists(Path.Combine(Deploy, "systemd", Path.GetFileName(command[at]))));
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
