using Pipeline.Processor.Installs.Estimates;
using Pipeline.Worlds.Counting;

namespace Pipeline.Tests.Benchmarks.Counts;

/// <summary>The estimates of one kind of world over several seeds, compared with naive counts. Steps of a seed: 1 the world runs and its
/// requests are kept — 2 weeks, days and 28 days are estimated and counted naively — 3 the exclusions and the phase are held against the
/// truth.</summary>
internal sealed class WorldScore(WorldRecipe recipe)
{
    /// <summary>Weeks, counted from the first, whose flanks are in the data.</summary>
    private static readonly int[] Weeks = [6, 9, 12, 13, 15, 18];

    private readonly Lock _gate = new();
    private readonly Dictionary<(int Length, string Method), Errors> _errors = [];
    private readonly List<double> _shares = [];
    private readonly List<double> _phases = [];
    private (long Dropped, long All) _bots, _humans;

    public WorldRecipe Recipe => recipe;

    public Errors Of(int length, string method) => _errors.TryGetValue((length, method), out var errors) ? errors
        : _errors[(length, method)] = new();

    /// <summary>The mean and the largest of the weeks' largest errors of a version's share.</summary>
    public (double Mean, double Most) Shares => (_shares.Average(), _shares.Max());

    /// <summary>The mean error of the 1-day survival of keys, with its sign, and the largest without.</summary>
    public (double Mean, double Most) Phase => (_phases.Average(), _phases.Max(Math.Abs));

    /// <summary>Shares of the requests that were dropped as a script's.</summary>
    public (double Bots, double Humans) Dropped => (Share(_bots), Share(_humans));

    public void Run(int seed)
    {
        // 1
        var (world, requests) = (new CountingWorld(recipe, seed), new List<SimulatedCheck>());
        var begins = new List<int> { 0 };
        foreach (var day in world.Days())
        {
            requests.AddRange(day.Span);
            begins.Add(requests.Count);
        }
        var estimator = new InstallEstimator([.. requests.Select(r => new InstallCheck(r.Micros, r.Address, r.Version))]);
        var first = (int)(requests[0].Micros / 86_400_000_000);
        lock (_gate)
        {
            // 2
            foreach (var week in Weeks)
            {
                Week(estimator, world.Truth, first + 7 * week, Naive(7 * week, 7));
                foreach (var day in (int[])[7 * week + 2, 7 * week + 6])
                {
                    Window(estimator, world.Truth, first + day, 1, Naive(day, 1));
                }
            }
            foreach (var window in world.Truth.Windows(28).Where(w => w.Start >= first + 42 && w.Start + 70 <= first + recipe.Weeks * 7))
            {
                Window(estimator, world.Truth, window.Start, 28, Naive(window.Start - first, 28));
            }
            // 3
            Exclusions(estimator, requests);
            _phases.Add(estimator.PhaseSurvival(first, recipe.Weeks * 7) - (double)world.Truth.SameKey / world.Truth.Successors);
        }

        List<SimulatedCheck> Naive(int day, int length) => requests[begins[day]..begins[day + length]];
    }

    private void Week(InstallEstimator estimator, WorldCounts truth, int start, List<SimulatedCheck> requests)
    {
        var estimate = Window(estimator, truth, start, 7, requests);
        var real = truth.Windows(7).Single(w => w.Start == start);
        Of(7, Methods.Nowcast).Add(estimator.Estimate(start, 7, until: start + 7), real.Active);
        if (estimate.VersionShares.Count > 0)
        {
            _shares.Add(real.ByVersion.Index().Max(v =>
                Math.Abs((double)v.Item / real.Active - estimate.VersionShares.ElementAtOrDefault(v.Index))));
        }
    }

    private WindowEstimate Window(InstallEstimator estimator, WorldCounts truth, int start, int length, List<SimulatedCheck> requests)
    {
        var active = truth.Windows(length).Single(w => w.Start == start).Active;
        Of(length, Methods.Addresses).Add(requests.DistinctBy(r => r.Address).Count(), active);
        Of(length, Methods.Keys).Add(requests.DistinctBy(r => r.Key).Count(), active);
        Of(length, Methods.Pairs).Add(requests.DistinctBy(r => (r.Address, r.Version)).Count(), active);
        var estimate = estimator.Estimate(start, length);
        Of(length, Methods.Panel).Add(estimate, active);
        return estimate;
    }

    private void Exclusions(InstallEstimator estimator, List<SimulatedCheck> requests)
    {
        foreach (var request in requests)
        {
            var dropped = estimator.Pollers.Contains(request.Key) ? 1 : 0;
            ref var part = ref request.Install < 0 ? ref _bots : ref _humans;
            part = (part.Dropped + dropped, part.All + 1);
        }
    }

    private static double Share((long Dropped, long All) part) => part.All == 0 ? double.NaN : (double)part.Dropped / part.All;
}
