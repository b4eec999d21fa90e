using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Pipeline.Cli;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Ingest.Publish;

namespace Pipeline.Tests.Unit.Deploy;

/// <summary>The systemd units and the table of exit codes say what the program does. That their command lines parse is shown with the
/// program itself: see the integration tests.</summary>
public sealed partial class UnitTests
{
    /// <summary>What stopping takes at most: what is held, then the consumer group, then the publisher's queue.</summary>
    public static readonly TimeSpan StopBound = RunRole.StopWithin + RunRole.LeaveWithin + RunRole.LeaveWithin
        + new PublisherOptions { Topic = "t", Connection = new Dictionary<string, string>() }.FlushWithin;

    /// <summary>Every exit code, and whether another start may help. One that is new belongs here, into the units and into the
    /// table.</summary>
    private static readonly Dictionary<string, bool> StartsAgain = new()
    {
        ["Done"] = false, ["Failed"] = true, ["WrongUsage"] = false, ["Difference"] = false, ["RefusedByPolicy"] = false, ["Outage"] = true,
        ["Fenced"] = false, ["AuditIntegrity"] = false, ["Configuration"] = false, ["Interrupted"] = false,
    };

    private static readonly Dictionary<string, int> Codes = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(f => f.Name, f => (int)f.GetRawConstantValue()!);

    public static TheoryData<string> Units => [.. DeployedFiles.Units.Select(u => Path.GetFileName(u))];

    [Fact]
    public void There_is_a_unit_for_run_ingest_and_ship_and_every_exit_code_is_judged()
    {
        Assert.Equal(["pipeline-ingest.service", "pipeline-run.service", "pipeline-ship@.service"],
            DeployedFiles.Units.Select(u => Path.GetFileName(u)));
        Assert.Equal(Codes.Keys.Order(StringComparer.Ordinal), StartsAgain.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void What_another_start_cannot_help_is_not_started_again(string unit)
    {
        var path = Unit(unit);
        Assert.Equal(["on-failure"], DeployedFiles.Values(path, "Restart"));
        // 0 is no failure, and neither is an interruption: the unit says so.
        var prevented = Numbers(DeployedFiles.Values(path, "RestartPreventExitStatus").Single());
        Assert.Equal(Codes.Where(c => !StartsAgain[c.Key] && c.Value is not (ExitCode.Done or ExitCode.Interrupted)).Select(c => c.Value)
            .Order(), prevented.Order());
        Assert.Equal([ExitCode.Interrupted], Numbers(DeployedFiles.Values(path, "SuccessExitStatus").Single()));
    }

    [Theory]
    [MemberData(nameof(Units))]
    public void A_unit_has_longer_to_stop_than_the_program_takes_and_never_gives_an_outage_up(string unit)
    {
        Assert.True(SettingKeys.ParseSpan(DeployedFiles.Values(Unit(unit), "TimeoutStopSec").Single()) >= StopBound
            + TimeSpan.FromSeconds(10));
        Assert.Equal(["0"], DeployedFiles.Values(Unit(unit), "StartLimitIntervalSec"));
    }

    /// <summary>What a person would forget to change in all three.</summary>
    [Fact]
    public void The_units_differ_only_in_what_they_start_and_may_see()
    {
        string[] own = ["ExecStart=", "Description=", "After=", "ReadWritePaths=", "SupplementaryGroups="];
        var common = DeployedFiles.Units.Select(u => string.Join('\n',
            File.ReadLines(u).Where(l => !l.StartsWith('#') && l.Length > 0 && !own.Any(o => l.StartsWith(o, StringComparison.Ordinal)))))
            .ToList();
        Assert.Single(common.Distinct());
        Assert.Contains("LimitCORE=0", common[0], StringComparison.Ordinal);
        Assert.Contains("NoNewPrivileges=yes", common[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_secret_comes_by_a_credential_and_every_variable_is_a_setting()
    {
        Assert.NotEmpty(DeployedFiles.Credentials);
        foreach (var path in DeployedFiles.Units.Concat(DeployedFiles.Credentials))
        {
            var loaded = DeployedFiles.Values(path, "LoadCredential").Select(c => c.Split(':')[0]).ToList();
            foreach (var pair in DeployedFiles.Values(path, "Environment")
                .Where(e => e.StartsWith(SettingsLoader.Prefix, StringComparison.Ordinal)).Select(e => e.Split('=', 2)))
            {
                var key = Assert.Single(SettingKeys.All, k => k.Environment == pair[0]);
                Assert.False(key.IsSecret, $"{Path.GetFileName(path)}: {pair[0]} holds a secret, and whoever may ask systemd reads it");
                Assert.Contains(pair[1]["%d/".Length..], loaded);
            }
        }
    }

    [Fact]
    public void The_table_of_exit_codes_is_complete_and_says_which_are_started_again()
    {
        var rows = RowPattern().Matches(File.ReadAllText(Path.Combine(DeployedFiles.Folder, "README.md")))
            .ToDictionary(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), m =>
            m.Groups[2].Value.Contains("yes", StringComparison.Ordinal));
        Assert.Equal(Codes.OrderBy(c => c.Value).Select(c => (c.Value, StartsAgain[c.Key])),
            rows.OrderBy(r => r.Key).Select(r => (r.Key, r.Value)));
    }

    [Fact]
    public void The_bound_that_the_readme_states_is_the_programs() =>
        Assert.Contains($"That takes {StopBound.TotalSeconds} s at most", File.ReadAllText(Path.Combine(DeployedFiles.Folder, "README.md")),
            StringComparison.Ordinal);

    private static string Unit(string name) => DeployedFiles.Units.Single(u => Path.GetFileName(u) == name);

    private static IEnumerable<int> Numbers(string text) => text.Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^\| (\d+) \| [^|]+ \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex RowPattern();
}
