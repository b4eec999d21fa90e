using Pipeline.Worlds.Counting;
using Xunit;

namespace Pipeline.Tests.Unit.Worlds;

public sealed class CountingWorldTests : IDisposable
{
    private const long Hour = 3_600_000_000, Day = 24 * Hour;

    private readonly string _folder = Directory.CreateTempSubdirectory("counting-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_same_seed_gives_the_same_requests_and_another_seed_others()
    {
        Assert.Equal(Requests(Small(Recipes.S3), 1), Requests(Small(Recipes.S3), 1));
        Assert.NotEqual(Requests(Small(Recipes.S3), 1), Requests(Small(Recipes.S3), 2));
    }

    [Fact]
    public void The_truth_is_what_a_plain_count_of_the_requests_finds()
    {
        foreach (var recipe in Recipes.All)
        {
            var world = new CountingWorld(Small(recipe), 3);
            var requests = world.Days().SelectMany(day => day.ToArray()).ToList();
            Assert.Equal(requests.Select(r => r.Micros).Order(), requests.Select(r => r.Micros));
            Assert.Equal(world.Truth.Requests.Sum(), requests.Count);
            var checks = requests.Where(r => r.Kind is CheckKind.Start or CheckKind.Timer or CheckKind.ByHand).ToList();
            foreach (var length in (int[])[1, 7, 28])
            {
                var windows = checks.GroupBy(r => 4 + ((int)(r.Micros / Day) - 4) / length * length).OrderBy(w => w.Key).ToList();
                Assert.Equal(windows.Select(w => (w.Key, w.DistinctBy(r => r.Install).Count())),
                    world.Truth.Windows(length).Select(w => (w.Start, w.Active)));
                Assert.Equal(windows.Select(w => Versions(w, world.Versions.Count)), world.Truth.Windows(length).Select(w => w.ByVersion));
            }
        }
    }

    /// <summary>The timer is 24 hours from the start, and nothing but a start breaks the chain.</summary>
    [Fact]
    public void A_check_by_timer_follows_a_check_of_the_same_install_by_exactly_a_day()
    {
        var all = Requests(Small(Recipes.S6), 4);
        var known = all.Select(r => (r.Install, r.Micros)).ToHashSet();
        var timers = all.Where(r => r.Kind == CheckKind.Timer).ToList();
        Assert.NotEmpty(timers);
        Assert.All(timers, r => Assert.Contains((r.Install, r.Micros - Day), known));
    }

    [Fact]
    public void An_outage_loses_lines_and_leaves_the_truth()
    {
        var whole = new CountingWorld(Small(Recipes.S1), 5);
        var cut = new CountingWorld(Small(Recipes.S1) with { Outages = [(200, 248)] }, 5);
        var from = whole.Days().SelectMany(day => day.ToArray()).ToList()[0].Micros / Day * Day;
        var left = cut.Days().SelectMany(day => day.ToArray()).ToList();
        Assert.Equal(whole.Truth.Windows(7).Select(w => w.Active), cut.Truth.Windows(7).Select(w => w.Active));
        Assert.Equal(whole.Truth.Requests.Sum(), left.Count + cut.Truth.Lost);
        Assert.InRange(cut.Truth.Lost, 1, long.MaxValue);
        Assert.DoesNotContain(left, r => r.Micros >= from + 200 * Hour && r.Micros < from + 248 * Hour);
    }

    [Fact]
    public void A_shared_office_that_upgrades_together_never_shows_an_older_version_after_a_newer_one()
    {
        var recipe = Small(Recipes.S5) with { Pools = 0, HomeShare = 0, Pollers = 0, LifeDays = 1e6 };
        var newest = new Dictionary<UInt128, int>();
        Assert.All(Requests(recipe, 6), r =>
        {
            Assert.True(newest.GetValueOrDefault(r.Address) <= r.Version, "an older version came after a newer one");
            newest[r.Address] = r.Version;
        });
    }

    [Fact]
    public void Lines_are_read_back_as_the_requests_that_they_are_of()
    {
        var recipe = Small(Recipes.S2) with { Weeks = 1 };
        var lines = CountingLog.Write(recipe, 8, _folder);
        var reader = new SlowReader("combined");
        foreach (var file in Directory.EnumerateFiles(_folder, "access.log.*").Order(StringComparer.Ordinal))
        {
            reader.Read(File.ReadAllBytes(file));
        }
        var expected = Requests(recipe, 8);
        var versions = new CountingWorld(recipe, 8).Versions;
        Assert.Equal(lines, expected.Count);
        Assert.Equal(expected.Select(r => (r.Micros / 1_000_000, versions[r.Version])),
            reader.Records.Select(r => (r.Micros / 1_000_000, r.Value!)));
        Assert.Equal(expected.Select(r => r.Address).Distinct().Count(), reader.Records.Select(r => r.Address).Distinct().Count());
        Assert.True(File.Exists(Path.Combine(_folder, CountingLog.TruthName)));
    }

    private static WorldRecipe Small(WorldRecipe recipe) => recipe with { Instances = 150, Weeks = 9, AwayFrom = recipe.AwayFrom / 2 };

    private static List<SimulatedCheck> Requests(WorldRecipe recipe, int seed) =>
        [.. new CountingWorld(recipe, seed).Days().SelectMany(day => day.ToArray())];

    private static List<int> Versions(IEnumerable<SimulatedCheck> checks, int versions)
    {
        var last = checks.GroupBy(r => r.Install).Select(install => install.Last().Version).ToList();
        return [.. Enumerable.Range(0, versions).Select(version => last.Count(v => v == version))];
    }
}
