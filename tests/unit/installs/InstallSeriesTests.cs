using Pipeline.Cli.Output;
using Pipeline.Core.Records;
using Pipeline.Processor.Installs;
using Pipeline.Processor.Installs.Estimates;
using Pipeline.Processor.Installs.Results;
using Pipeline.Tests.Unit.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Installs;

/// <summary>200 installs check once a day for 80 days from 2026-03-04 on: 150 from an address each, 50 from one office.</summary>
public sealed class InstallSeriesTests
{
    private const int Lines = 150, Office = 50, Days = 80, Rare = 5;

    private static readonly string[] Versions = ["8.2.7", "8.2.10", "2023.1.0"];

    private static readonly Lazy<Task<StoredWorld>> World = new(async () =>
    {
        var world = new StoredWorld();
        await world.CaptureAsync("web", [.. Enumerable.Range(0, Days).SelectMany(Day)]);
        await world.ShipAsync();
        return world;
    });

    private static IEnumerable<Row> Day(int day) => Enumerable.Range(0, Lines + Office).Select(install =>
    {
        var (second, address) = install < Lines ? (3_600 + install * 400 + day * 37 % 400, $"198.18.1.{install}")
            : ((install - Lines + 4) * (install - Lines + 4) * 20, "198.18.2.1");
        var version = install < Rare ? Versions[2] : Versions[install % 2];
        return new Row((StoredWorld.Day.Number + day) * UtcDay.MicrosPerDay + second * 1_000_000L, address, version);
    });

    private static async Task<InstallFacts> EstimateAsync(WindowKind kind, long most = InstallSeries.MostRows) =>
        await new InstallSeries((await World.Value).Logs[1]).EstimateAsync(new InstallQuestion([kind]), most);

    [Fact]
    public async Task A_week_is_final_with_days_on_both_sides_and_only_then()
    {
        var weeks = (await EstimateAsync(WindowKind.Week)).Rows.Where(row => row.Version == "*").ToList();
        Assert.Equal(["2026-04-06", "2026-04-13"], Starts(weeks, "final"));
        Assert.All(Starts(weeks, "provisional"), start => Assert.InRange(start, "2026-04-20", "2026-05-11"));
        Assert.Contains("2026-05-11", Starts(weeks, "provisional"));
        Assert.All(weeks, row => Assert.Equal(row.Estimate!.Value is null, row.Estimate.Reason is not null));
    }

    [Fact]
    public async Task The_installs_of_an_office_are_counted_behind_their_one_address()
    {
        foreach (var row in (await EstimateAsync(WindowKind.Week)).Rows.Where(row => row is { Version: "*", Estimate.Value: not null }))
        {
            Assert.Equal(Lines + 1, row.Addresses);
            Assert.Equal(Lines + Office, row.Estimate!.Value!.Value, 2.0);
            Assert.InRange(Lines + Office, row.Estimate.BandLower!.Value, row.Estimate.BandUpper!.Value);
            Assert.Equal(7.0, row.Estimate.Rho!.Value, 0.1);
        }
    }

    [Fact]
    public async Task The_week_of_the_newest_date_and_the_one_that_begins_before_the_data_say_which_days_they_cover()
    {
        var weeks = (await EstimateAsync(WindowKind.Week)).Rows.Where(row => row.Version == "*").ToList();
        Assert.Equal((7, 5, "refused"), (weeks[0].Estimate!.Days, weeks[0].Estimate!.CoveredDays, weeks[0].Estimate!.Status));
        Assert.Equal((7, 4, "refused"), (weeks[^1].Estimate!.Days, weeks[^1].Estimate!.CoveredDays, weeks[^1].Estimate!.Status));
        Assert.All(weeks[1..^1], row => Assert.Equal(7, row.Estimate!.CoveredDays));
    }

    [Fact]
    public async Task Versions_share_the_installs_and_one_with_fewer_than_ten_is_not_told()
    {
        var week = (await EstimateAsync(WindowKind.Week)).Rows.Where(row => row.Start == "2026-04-06").ToList();
        var byVersion = InstallsView.Ordered(week).Skip(1).ToList();
        Assert.Equal(Versions, byVersion.Select(row => row.Version));
        Assert.All(byVersion[..2], row => Assert.InRange(row.Estimate!.Value!.Value, 85, 110));
        Assert.Null(byVersion[2].Estimate!.Value);
        Assert.Equal("fewer than 10 installs", byVersion[2].Estimate!.Reason);
    }

    [Fact]
    public async Task A_table_that_does_not_fit_has_its_facts_and_says_why_there_is_no_estimate()
    {
        var (all, facts) = (await EstimateAsync(WindowKind.Day), await EstimateAsync(WindowKind.Day, most: 10));
        Assert.Equal(all.Rows.Select(row => row with { Estimate = null }), facts.Rows.Select(row => row with { Estimate = null }));
        Assert.All(facts.Rows, row => Assert.Contains("at most 10", row.Estimate!.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_empty_table_has_no_figures()
    {
        var facts = await new InstallSeries(new StoredWorld().Logs[1]).EstimateAsync(new InstallQuestion([WindowKind.Week]));
        Assert.Empty(facts.Rows);
        Assert.Equal(InstallsCsv.Head, InstallsCsv.Of(facts));
    }

    [Fact]
    public async Task A_row_of_the_csv_has_as_many_cells_as_its_head()
    {
        var facts = await EstimateAsync(WindowKind.Week);
        var rows = facts.Rows.Select(row => row with { Version = "a\"b,c" }).ToList();
        var lines = InstallsCsv.Of(facts with { Rows = rows }).Split('\n');
        Assert.Equal(rows.Count + 1, lines.Length);
        Assert.All(lines[1..], line => Assert.Contains("\"a\"\"b,c\"", line, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Equal(InstallsCsv.Head.Count(c => c == ','), Commas(line)));
    }

    [Fact]
    public async Task Json_has_the_estimate_beside_the_facts_and_no_address()
    {
        var json = (await EstimateAsync(WindowKind.Week)).ToJson();
        foreach (var member in (string[])["\"ipv6_64\"", "\"estimate\"", "\"bandLower\"", "\"panelKeys\"", "\"method\""])
        {
            Assert.Contains(member, json, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("198.18", json, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_of_checks_and_a_file_read_twice_change_no_estimate()
    {
        List<InstallCheck> checks = [.. Enumerable.Range(0, Days).SelectMany(day => Day(day).Select((row, install) =>
            new InstallCheck(row.Time, (UInt128)Math.Min(install, Lines), Array.IndexOf(Versions, row.Last!))))];
        var random = new Random(3);
        List<InstallCheck> mixed = [.. checks.Concat(checks).OrderBy(_ => random.Next())];
        var start = UtcDay.Parse("2026-04-13").Number;
        var (one, two) = (new InstallEstimator(checks).Estimate(start, 7), new InstallEstimator(mixed).Estimate(start, 7));
        Assert.Equal(EstimateStatus.Final, one.Status);
        Assert.Equal(one with { VersionShares = [] }, two with { VersionShares = [] });
        Assert.Equal(one.VersionShares, two.VersionShares);
    }

    [Theory]
    [InlineData("2024-02-29", "2024-02-01", "2024-02-29")]
    [InlineData("2026-12-01", "2026-12-01", "2026-12-31")]
    public void A_month_is_that_of_the_calendar(string day, string first, string last)
    {
        var start = WindowKinds.StartOf(WindowKind.Month, UtcDay.Parse(day));
        Assert.Equal((first, last), (start.ToString(), WindowKinds.EndOf(WindowKind.Month, start).ToString()));
    }

    [Fact]
    public void A_sparkline_begins_at_zero_and_leaves_out_what_is_not_known() =>
        Assert.Equal("▁█▄·▁", Sparkline.Of([0.0, 80.0, 40.0, null, 1.0]));

    private static List<string> Starts(List<InstallRow> rows, string status) =>
        [.. rows.Where(row => row.Estimate!.Status == status).Select(row => row.Start)];

    private static int Commas(string line)
    {
        var (commas, quoted) = (0, false);
        foreach (var c in line)
        {
            quoted ^= c == '"';
            commas += c == ',' && !quoted ? 1 : 0;
        }
        return commas;
    }
}
