using Pipeline.Processor.Installs.Estimates;
using Pipeline.Worlds.Counting;
using Xunit;

namespace Pipeline.Tests.Unit.Installs;

public sealed class InstallEstimatorTests
{
    private const long Minute = 60_000_000, Hour = 60 * Minute, Day = 24 * Hour;
    private const int Window = 20_605 + 56, Length = 7;

    private static readonly WorldRecipe Recipe = Recipes.S2 with { Instances = 1200, Weeks = 18 };
    private static readonly Lazy<List<InstallCheck>> Made = new(() => World(Recipe, 11).Checks);

    private static List<InstallCheck> Checks => Made.Value;

    [Fact]
    public void The_truth_is_in_the_band_where_distinct_addresses_are_far_off()
    {
        foreach (var recipe in (WorldRecipe[])[Recipes.S2, Recipes.S4])
        {
            var (checks, truth) = World(recipe with { Instances = 2000, Weeks = 18 }, 12);
            var active = truth.Windows(Length).Single(w => w.Start == Window).Active;
            var estimate = new InstallEstimator(checks).Estimate(Window, Length);
            Assert.Equal(EstimateStatus.Final, estimate.Status);
            Assert.InRange(active, estimate.BandLower, estimate.BandUpper);
            var addresses = checks.Where(c => c.Micros / Day is >= Window and < Window + Length).DistinctBy(c => c.Address).Count();
            Assert.True(Math.Abs(addresses - active) > 2 * Math.Abs(estimate.Value - active), $"{addresses}, {estimate.Value}, {active}");
        }
    }

    [Fact]
    public void The_order_of_the_input_and_a_file_imported_twice_change_nothing()
    {
        var random = new Random(5);
        var shuffled = Checks.Concat(Checks).OrderBy(_ => random.Next()).ToList();
        foreach (var length in (int[])[1, 7, 28])
        {
            var plain = new InstallEstimator(Checks).Estimate(Window, length);
            var mixed = new InstallEstimator(shuffled).Estimate(Window, length);
            Assert.Equal(plain with { VersionShares = [] }, mixed with { VersionShares = [] });
            Assert.Equal(plain.VersionShares, mixed.VersionShares);
        }
    }

    /// <summary>Addresses that are seen on one day alone are in no panel: others in their place, or one in place of two, are the
    /// same.</summary>
    [Fact]
    public void Keys_that_are_not_in_the_panel_may_change_their_numbers_and_merge()
    {
        var once = Checks.Where(c => c.Address == c.Key && c.Address >> 32 == 0).GroupBy(c => c.Address).Where(c => c.Count() == 1)
            .Select(c => c.Key).ToHashSet();
        Assert.True(once.Count > 100, "the world has too few of them");
        var expected = new InstallEstimator(Checks).Estimate(Window, Length);
        var renumbered = Checks.ConvertAll(c => once.Contains(c.Address) ? c with { Address = c.Address ^ 0x0fff_ffff } : c);
        Assert.Equal(expected.Value, new InstallEstimator(renumbered).Estimate(Window, Length).Value, expected.Value * 1e-9);
        var pair = Checks.Where(c => once.Contains(c.Address) && c.Micros / Day is >= Window and < Window + Length).Take(2).ToList();
        var merged = Checks.ConvertAll(c => c == pair[1] ? c with { Address = pair[0].Address } : c);
        Assert.Equal(expected.Value, new InstallEstimator(merged).Estimate(Window, Length).Value, expected.Value * 1e-9);
    }

    [Fact]
    public void Twice_the_population_is_twice_the_estimate()
    {
        var twin = World(Recipe, 13).Checks.ConvertAll(c => c with { Address = c.Address ^ 0x5000_0000 });
        var one = new InstallEstimator(Checks).Estimate(Window, Length);
        var two = new InstallEstimator([.. Checks, .. twin]).Estimate(Window, Length);
        Assert.InRange(2 * one.Value, two.Lower - (one.Upper - one.Lower), two.Upper + (one.Upper - one.Lower));
        Assert.True(two.Upper - two.Lower < 2 * (one.Upper - one.Lower), "the interval does not narrow");
    }

    [Fact]
    public void A_week_is_provisional_until_the_days_after_it_are_known()
    {
        var estimator = new InstallEstimator(Checks);
        Assert.Equal(EstimateStatus.Provisional, estimator.Estimate(Window, Length, until: Window + Length).Status);
        Assert.Equal(EstimateStatus.Provisional, estimator.Estimate(Window, Length, until: Window + Length + 27).Status);
        Assert.Equal(EstimateStatus.Final, estimator.Estimate(Window, Length, until: Window + Length + 28).Status);
        Assert.Equal(EstimateStatus.Refused, estimator.Estimate(Window, Length, until: Window + Length - 1).Status);
    }

    [Fact]
    public void There_is_no_number_without_a_reason_to_believe_it()
    {
        Refuses([], "no checks");
        Refuses(Checks.FindAll(c => c.Micros / Day is < Window or >= Window + Length), "no checks");
        Refuses(Checks.FindAll(c => c.Micros / Day >= Window - 20), "before a window");
        Refuses(Checks.ConvertAll(c => c with { Address = 7 }), "panel");
        Refuses(Checks.FindAll(c => Dice(c.Address) % 20 == 0), "panel");
    }

    [Fact]
    public void One_version_and_only_ipv6_still_give_an_estimate()
    {
        var plain = Checks.ConvertAll(c => new InstallCheck(c.Micros, ((UInt128)0x20010db8 << 96) | ((c.Address & 0xffffffff) << 64), 0));
        var estimate = new InstallEstimator(plain).Estimate(Window, Length);
        Assert.Equal(EstimateStatus.Final, estimate.Status);
        Assert.Equal([1.0], estimate.VersionShares);
    }

    [Fact]
    public void A_script_is_left_out_and_an_office_that_is_always_on_is_not()
    {
        var script = Enumerable.Range(0, 500).Select(i => new InstallCheck(Day * Window + i * Hour + i % 7 * Minute, 1, 0));
        var office = Enumerable.Range(0, 60).SelectMany(d => new[] { 1, 8, 9, 10, 11, 16 }
            .Select(h => new InstallCheck(Day * (Window + d) + h * Hour, 2, 0)));
        var estimator = new InstallEstimator([.. script, .. office]);
        Assert.Equal((UInt128)1, Assert.Single(estimator.Pollers));
        Assert.Equal(500, estimator.PollerChecks);
    }

    /// <summary>One that was started at 8 cannot have a timer at 9 of the day after a check at 9 of the day before.</summary>
    [Fact]
    public void A_timer_that_comes_although_another_check_came_between_shows_two_installs()
    {
        var crossed = new HashSet<int>();
        var nine = Day * Window + 9 * Hour;
        Crossings.Find([(nine, 0), (nine + Day, 0), (nine + 2 * Day, 0)], crossed);
        Assert.Empty(crossed);
        Crossings.Find([(nine, 0), (nine + 20 * Hour, 0), (nine + 44 * Hour, 0)], crossed);
        Assert.Empty(crossed);
        Crossings.Find([(nine, 0), (nine + 20 * Hour, 0), (nine + Day + 1_000_000, 0)], crossed);
        Assert.Equal([Window + 1], crossed);
    }

    [Fact]
    public void The_second_url_and_a_retry_do_not_count_and_another_version_does()
    {
        var at = Day * Window;
        var estimator = new InstallEstimator(
        [
            new(at, 1, 0), new(at + 1_000_000, 1, 0), new(at + 100_000_000, 1, 0), new(at + 50_000_000, 1, 1), new(at + 130_000_000, 1, 0),
        ]);
        Assert.Equal(2, estimator.Retries);
        Assert.Equal(3, estimator.Estimate(Window, 1).Checks);
    }

    [Fact]
    public void The_timer_shows_how_often_a_key_changes_within_a_day()
    {
        var (checks, truth) = World(Recipes.S2 with { Instances = 2000, Weeks = 6 }, 14);
        Assert.Equal((double)truth.SameKey / truth.Successors, new InstallEstimator(checks).PhaseSurvival(20_605, 42), 0.02);
    }

    private static void Refuses(List<InstallCheck> checks, string reason)
    {
        var estimate = new InstallEstimator(checks).Estimate(Window, Length);
        Assert.Equal(EstimateStatus.Refused, estimate.Status);
        Assert.Contains(reason, estimate.Reason, StringComparison.Ordinal);
        Assert.True(double.IsNaN(estimate.Value) && double.IsNaN(estimate.BandUpper));
    }

    private static uint Dice(UInt128 address) => (uint)address * 2654435761 >> 8;

    private static (List<InstallCheck> Checks, WorldCounts Truth) World(WorldRecipe recipe, int seed)
    {
        var world = new CountingWorld(recipe, seed);
        var checks = world.Days().SelectMany(day => day.ToArray()).Select(r => new InstallCheck(r.Micros, r.Address, r.Version)).ToList();
        return (checks, world.Truth);
    }
}
