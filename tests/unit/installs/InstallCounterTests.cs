using System.Globalization;
using System.Net;
using System.Text.Json;
using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Processor.Installs;
using Pipeline.Tests.Unit.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Installs;

public sealed class InstallCounterTests
{
    private static readonly WindowKind[] All = [WindowKind.Day, WindowKind.Week, WindowKind.Days28];

    private static readonly Gen<Row> Rows = Gen.Select(
        Gen.Int[0, 70], Gen.Int[0, 86_399], Gen.OneOf(
            Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9], (a, b) => $"198.18.{a}.{b}"),
            Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5], (a, b) => IPAddress.Parse($"2001:db8:0:{a:x}::{b:x}").ToString())),
        Gen.Int[0, 2].Select(i => ((string[])["8.2.7", "8.2.8", "2023.1.0"])[i]),
        (day, second, address, version) => new Row((StoredWorld.Day.Number + day) * UtcDay.MicrosPerDay
            + second * 1_000_000L, address, version));

    /// <summary>The same facts by brute force.</summary>
    private static List<InstallRow> Oracle(IEnumerable<Row> rows, WindowKind kind) =>
        [.. rows.SelectMany(row => (string[])["*", row.Last!], (row, version) =>
            (row, version, start: StartOf(kind, UtcDay.Of(row.Time).Date)))
            .GroupBy(r => (r.start, r.version)).OrderBy(g => g.Key.start).ThenBy(g => g.Key.version, StringComparer.Ordinal)
            .Select(g => new InstallRow(
                WindowKinds.Name(kind), g.Key.start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), g.Key.version, g.Count(),
                g.Select(r => r.row.Address).Distinct().Count(),
                g.Select(r => r.row.Address).Where(a => !a.Contains(':', StringComparison.Ordinal)).Distinct().Count(),
                g.Select(r => r.row.Address).Where(a => a.Contains(':', StringComparison.Ordinal))
                    .Select(a => Convert.ToHexString(IPAddress.Parse(a).GetAddressBytes().AsSpan(0, 8))).Distinct().Count()))];

    private static DateOnly StartOf(WindowKind kind, DateOnly date) => kind switch
    {
        WindowKind.Day => date,
        WindowKind.Week => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
        _ => Enumerable.Range(0, 28).Select(i => date.AddDays(-i)).First(d => (d.DayNumber - new DateOnly(1970, 1, 5).DayNumber) % 28 == 0),
    };

    private static async Task<StoredWorld> WorldAsync(params Row[][] shipments)
    {
        var world = new StoredWorld();
        foreach (var rows in shipments)
        {
            await world.CaptureAsync("web", rows);
            await world.ShipAsync();
        }
        return world;
    }

    private static Task<InstallFacts> CountAsync(StoredWorld world, InstallQuestion question) =>
        new InstallCounter(world.Logs[1]).CountAsync(question);

    [Fact]
    public async Task Facts_are_those_of_a_brute_force_count() => await Gen.Select(Rows.Array[0, 60], Rows.Array[0, 60])
        .SampleAsync(async parts =>
    {
        var world = await WorldAsync(parts.Item1, parts.Item2);
        var facts = await CountAsync(world, new InstallQuestion(All));
        Row[] rows = [.. parts.Item1, .. parts.Item2];
        return facts.Rows.SequenceEqual(All.SelectMany(kind => Oracle(rows, kind)));
    }, iter: 60);

    [Fact]
    public async Task A_range_chooses_windows_and_each_is_counted_whole()
    {
        var rows = Enumerable.Range(0, 70).SelectMany(day => StoredWorld.Rows(3, day, day)).ToArray();
        var world = await WorldAsync(rows);
        var (from, to) = (new UtcDay(StoredWorld.Day.Number + 20), new UtcDay(StoredWorld.Day.Number + 22));
        var facts = await CountAsync(world, new InstallQuestion(All, from, to));
        Assert.Equal(All.SelectMany(kind => Oracle(rows, kind)).Where(row => WindowKinds.Parse(row.Window) is { } kind
            && UtcDay.Parse(row.Start) <= to && WindowKinds.EndOf(kind, UtcDay.Parse(row.Start)) >= from), facts.Rows);
        Assert.Equal(3, facts.Rows.Count(row => row is { Window: "day", Version: "*" }));
    }

    [Fact]
    public async Task Only_segments_of_dates_that_are_asked_for_are_read()
    {
        var world = await WorldAsync(StoredWorld.Rows(3), StoredWorld.Rows(4, 1, 40));
        var lost = (await world.TableAsync())!.Files.Values.Single(file => file.Date == StoredWorld.Day);
        await StoredWorld.DropAsync(world.Uk, TableNames.Segment("xencenter-checks", lost.Path));
        var later = new UtcDay(StoredWorld.Day.Number + 40);
        Assert.Equal(4, (await CountAsync(world, new InstallQuestion([WindowKind.Day], later))).Rows[0].Checks);
        var refused = await Assert.ThrowsAnyAsync<PipelineException>(() => CountAsync(world, new InstallQuestion([WindowKind.Day])));
        Assert.IsAssignableFrom<DifferenceException>(refused);
        Assert.Contains(lost.Path, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_names_the_table_version_and_the_newest_date()
    {
        var facts = await CountAsync(await WorldAsync(StoredWorld.Rows(3), StoredWorld.Rows(4, 1, 40)),
            new InstallQuestion([WindowKind.Week]));
        Assert.Equal((2, "2026-04-13"), (facts.TableVersion, facts.Through));
        using var json = JsonDocument.Parse(facts.ToJson());
        Assert.Equal(["window", "start", "version", "checks", "addresses", "ipv4", "ipv6_64"],
            json.RootElement.GetProperty("rows")[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal("facts", json.RootElement.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_table_that_is_not_there_has_no_rows()
    {
        var facts = await CountAsync(new StoredWorld(), new InstallQuestion(All));
        Assert.Equal(-1, facts.TableVersion);
        Assert.Empty(facts.Rows);
    }

    [Fact]
    public async Task A_value_that_is_no_address_is_a_check_and_no_address()
    {
        var facts = await CountAsync(
            await WorldAsync([.. StoredWorld.Rows(2), new Row(StoredWorld.Day.Number * UtcDay.MicrosPerDay, "999.1.1.1", "8.2.7")]),
            new InstallQuestion([WindowKind.Day]));
        Assert.Equal((3, 2, 1), (facts.Rows[0].Checks, facts.Rows[0].Addresses, facts.UnreadableAddresses));
    }

    [Fact]
    public void Windows_of_28_days_are_four_whole_ISO_weeks() => Gen.Int[14_610, 47_000].Sample(number =>
    {
        var day = new UtcDay(number);
        var start = WindowKinds.StartOf(WindowKind.Days28, day);
        return start.Date.DayOfWeek == DayOfWeek.Monday && start <= day && day <= WindowKinds.EndOf(WindowKind.Days28, start)
            && WindowKinds.StartOf(WindowKind.Week, start) == start;
    });
}
