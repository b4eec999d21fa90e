using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Cli.Roles;
using Pipeline.Processor.Installs;
using Pipeline.Processor.Verify;
using Pipeline.Worlds;

namespace Pipeline.Cli.Demo;

/// <summary>Everything that the pipeline says of a world against what is true of it. Pure.</summary>
internal sealed class DemoComparison
{
    private readonly List<string> _differences = [];

    public DemoComparison(WorldTruth truth, VerifyReport verified, InstallFacts facts, IReadOnlyDictionary<string, ImportOutcome> imported)
    {
        Expect("lines", verified.Lines, truth.Total.Counts.Lines);
        Expect("records of", verified.Records, truth.Total.Counts.Records);
        Expect("rejections", verified.Rejections, truth.Total.Counts.Rejections);
        foreach (var source in truth.Sources)
        {
            var counts = imported[source.Source].Counts;
            Expect($"{source.Source}: lines", counts.Lines, source.Counts.Lines);
            Expect($"{source.Source}: records of", counts.Records, source.Counts.Records);
            Expect($"{source.Source}: rejections", counts.Rejected, source.Counts.Rejections);
            foreach (var file in imported[source.Source].Files.Where(f => f.Error is not null))
            {
                _differences.Add($"{source.Source}: {file.Error}");
            }
        }
        var counted = facts.Rows.ToDictionary(Key);
        foreach (var fact in truth.Facts)
        {
            var found = counted.GetValueOrDefault((fact.Window, fact.Start, fact.Version))
                ?? new InstallRow(fact.Window, fact.Start, fact.Version, 0, 0, 0, 0);
            counted.Remove((fact.Window, fact.Start, fact.Version));
            if ((found.Checks, found.Addresses, found.Ipv4, found.Ipv6Prefixes) != (fact.Checks, fact.Addresses, fact.Ipv4,
                fact.Ipv6Networks))
            {
                _differences.Add(
                    $"{fact.Window} {fact.Start}, version {fact.Version}: {found.Checks} checks of {found.Addresses} addresses " +
                    $"({found.Ipv4} IPv4, {found.Ipv6Prefixes} IPv6 /64), the truth is {fact.Checks} of {fact.Addresses} ({fact.Ipv4}, " +
                    $"{fact.Ipv6Networks})");
            }
        }
        _differences.AddRange(
            counted.Keys.Select(key => $"{key.Window} {key.Start}, version {key.Version}: counted, and not in the truth"));
        Counts = (verified, truth.Total.Counts);
    }

    /// <summary>Empty where all is as it truly is.</summary>
    public IReadOnlyList<string> Differences => _differences;

    private (VerifyReport Verified, Counts Truth) Counts { get; }

    public string ToJson(WorldOptions options, bool ok, TimeSpan elapsed) => JsonSerializer.Serialize(
        new DemoResult(ok, options.Seed, options.Days, options.Installs, Counts.Verified.Lines, Counts.Verified.Records,
            Counts.Verified.Rejections, Counts.Verified.Ok, Math.Round(elapsed.TotalSeconds, 3), _differences),
            DemoJson.Default.DemoResult);

    private static (string Window, string Start, string Version) Key(InstallRow row) => (row.Window, row.Start, row.Version);

    private void Expect(string what, IReadOnlyDictionary<string, long> found, IReadOnlyDictionary<string, long> truth)
    {
        foreach (var key in found.Keys.Union(truth.Keys).Order(StringComparer.Ordinal))
        {
            Expect($"{what} {key}", found.GetValueOrDefault(key), truth.GetValueOrDefault(key));
        }
    }

    private void Expect(string what, long found, long truth)
    {
        if (found != truth)
        {
            _differences.Add($"{what}: {found}, the truth is {truth}");
        }
    }
}

/// <summary>`demo --json`.</summary>
internal sealed record DemoResult(bool Ok, int Seed, int Days, int Installs, long Lines, SortedDictionary<string, long> Records,
    SortedDictionary<string, long> Rejections, bool Verified, double Seconds, IReadOnlyList<string> Differences);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DemoResult))]
internal sealed partial class DemoJson : JsonSerializerContext;
