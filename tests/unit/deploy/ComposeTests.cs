using System.Text.RegularExpressions;
using Pipeline.Cli.Settings;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Tests.Unit.Deploy;

/// <summary>What compose.yaml and the container file say is what the program, and the repository, have.</summary>
public sealed partial class ComposeTests
{
    private static readonly YamlMappingNode File_ = DeployedFiles.Compose();

    private static readonly IReadOnlyDictionary<string, YamlNode> Services =
        ((YamlMappingNode)File_.Get("services")!).Children.ToDictionary(s => s.Key.ToString(), s => s.Value);

    public static TheoryData<string> Configurations =>
        [.. Directory.GetFiles(DeployedFiles.Folder, "*.yaml", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) is "ingest.yaml" or "ship.yaml" or "pipeline.yaml")
            .Select(f => Path.GetRelativePath(DeployedFiles.Folder, f)).Order(StringComparer.Ordinal)];

    [Fact]
    public void It_has_a_broker_both_sides_stores_an_init_ingest_two_shippers_and_an_endpoint() =>
        Assert.Superset(new SortedSet<string>(["kafka", "azurite-us", "azurite-uk", "init", "ingest", "ship-1", "ship-2", "web"]),
            new SortedSet<string>(Services.Keys));

    [Fact]
    public void Whatever_a_service_depends_on_mounts_or_shares_is_there()
    {
        var volumes = ((YamlMappingNode)File_.Get("volumes")!).Children.Keys.Select(k => k.ToString()).ToList();
        foreach (var (name, service) in Services)
        {
            var on = service.Get("depends_on") switch { YamlMappingNode map =>
                map.Children.Keys.Select(k => k.ToString()), YamlSequenceNode list => list.Select(k => k.ToString()), _ => [] };
            Assert.All(on, other => Assert.Contains(other, Services.Keys));
            foreach (var mount in (service.Get("volumes") as YamlSequenceNode)?.Select(v => v.ToString().Split(':')[0]) ?? [])
            {
                Assert.True(mount.StartsWith("./", StringComparison.Ordinal) ? Path.Exists(Path.Combine(DeployedFiles.Folder, mount))
                    : volumes.Contains(mount), $"{name}: {mount} is neither a volume nor a file beside compose.yaml");
            }
        }
    }

    [Fact]
    public void Every_variable_that_is_given_to_the_program_is_a_setting()
    {
        var known = SettingKeys.All.Select(k => k.Environment).ToHashSet(StringComparer.Ordinal);
        var given = All(File_).OfType<YamlMappingNode>().SelectMany(m => m.Children.Keys).Select(k => k.ToString())
            .Where(k => k.StartsWith(SettingsLoader.Prefix, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(given);
        Assert.All(given, name => Assert.Contains(name, known));
    }

    /// <summary>As the program reads it, with the environment that compose gives; and no region that a contract forbids, nothing in the
    /// clear off loopback.</summary>
    [Theory]
    [MemberData(nameof(Configurations))]
    public void A_configuration_is_read_without_an_error(string file)
    {
        var settings = SettingsLoader.Load(Path.Combine(DeployedFiles.Folder, file), null,
            file.StartsWith("compose", StringComparison.Ordinal) ? Environment(file.EndsWith("ship.yaml", StringComparison.Ordinal))
            : new Dictionary<string, string>());
        StoreResidency.Check("us", StoreRole.Capture, StoreResidency.Normalize(settings.UsRegion!), PublishedContracts.All);
        if (settings.UkRegion is { } uk)
        {
            StoreResidency.Check("uk", StoreRole.Table, StoreResidency.Normalize(uk), PublishedContracts.All);
        }
        // The certificate that a configuration names is on the machine that it is for.
        var kafka = settings.Kafka with { TlsCa = null, TlsEnabled = settings.Kafka.HasTls };
        Assert.Equal(settings.Kafka.IsConfigured, KafkaConnection.Open(kafka, PublishedContracts.All) is not null);
        if (file.EndsWith("ingest.yaml", StringComparison.Ordinal))
        {
            Assert.NotEmpty(settings.Sources);
            Assert.Null(settings.UkRegion);
        }
    }

    [Fact]
    public void A_service_has_longer_to_stop_than_the_program_takes()
    {
        var grace = Assert.Single(All(File_).OfType<YamlMappingNode>().Select(m => m.Get("stop_grace_period")).OfType<YamlNode>()
            .Select(n => n.ToString()).Distinct());
        Assert.True(SettingKeys.ParseSpan(grace) > UnitTests.StopBound);
    }

    /// <summary>Docker restarts whatever failed, and knows no exit codes.</summary>
    [Fact]
    public void Rule_5_an_ingest_that_ended_is_not_started_again() => Assert.Equal("no", Services["ingest"].Get("restart")!.ToString());

    [Fact]
    public void The_container_file_copies_what_is_there_runs_without_root_and_asks_for_readiness()
    {
        var lines = File.ReadAllLines(Path.Combine(DeployedFiles.Folder, "Containerfile"));
        var copied = lines.Where(l => l.StartsWith("COPY ", StringComparison.Ordinal) && !l.Contains("--from", StringComparison.Ordinal))
            .SelectMany(l => l.Split(' ')[1..^1]).ToList();
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(DeployedFiles.Repository, path)), $"{path} is not there"));
        var references = ReferencePattern().Matches(File.ReadAllText(Path.Combine(DeployedFiles.Repository, "cli", "Pipeline.Cli.csproj")))
            .Select(m => m.Groups[1].Value + "/");
        Assert.All(references, project => Assert.Contains(project, copied));
        Assert.Contains("USER $APP_UID", lines);
        Assert.Contains(lines, l => l.Contains("GET /readyz ", StringComparison.Ordinal));
        Assert.Equal(2, lines.Count(l => l.StartsWith("FROM ", StringComparison.Ordinal)));
        var sdk = Assert.Single(lines, l => l.StartsWith("FROM ", StringComparison.Ordinal)
            && l.Contains("/sdk:", StringComparison.Ordinal));
        Assert.Contains(":10.0", sdk, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Environment(bool both)
    {
        var found = ((YamlMappingNode)File_.Get(both ? "x-both-stores" : "x-capture-store")!).Children.ToDictionary(e =>
            e.Key.ToString(), e => e.Value.ToString());
        Assert.NotEmpty(found);
        return found;
    }

    private static IEnumerable<YamlNode> All(YamlNode node) => node switch
    {
        YamlMappingNode map => map.Children.Values.SelectMany(All).Prepend(map),
        YamlSequenceNode list => list.SelectMany(All).Prepend(list),
        _ => [node],
    };

    [GeneratedRegex(@"ProjectReference Include=""\.\./([a-z]+)/")]
    private static partial Regex ReferencePattern();
}
