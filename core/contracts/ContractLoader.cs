using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace Pipeline.Core.Contracts;

/// <summary>Reads a contract file. What we rely on must be there and be understood; anything else stops with
/// <see cref="ConfigurationException"/>.</summary>
public static partial class ContractLoader
{
    /// <summary>A contract is a page of text; what is larger is another file.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Longest value that a string field may declare; it bounds what a line can make us keep.</summary>
    public const int MaxFieldLength = 256;

    /// <param name="bytes">The file as it is: the contract's identity is their sha256.</param>
    /// <param name="origin">The file's name, for messages.</param>
    /// <param name="checkPatterns">Whether to try the patterns: those of the published contracts are tried by a test, not at every
    /// start.</param>
    /// <exception cref="PipelineException">With exit code 78, naming file, path, found and expected.</exception>
    public static Contract Parse(ReadOnlyMemory<byte> bytes, string origin, bool checkPatterns = true)
    {
        var root = Root(bytes, origin).Only(
            "apiVersion", "kind", "id", "name", "version", "status", "domain", "tenant", "tags", "description", "servers", "schema",
                "support", "team", "roles",
            "slaProperties", "authoritativeDefinitions", "contractCreatedTs", "customProperties");
        root["apiVersion"].OneOf("v3.1.0");
        root["kind"].OneOf("DataContract");
        _ = root["id"].Text;
        root["status"].OneOf("active");
        var dataset = Matching(root["name"], DatasetName(), "a dataset's name: lower-case letters, digits and single hyphens, at most 64");
        var retention = Retention(root);
        var (captureRegions, expireAfterDays) = CaptureServer(Server(root, "capture"));
        return new Contract(
            dataset,
            Matching(root["version"], SemanticVersion(), "a version of three numbers, such as 1.0.0"),
            Convert.ToHexStringLower(SHA256.HashData(bytes.Span)),
            bytes.ToArray(),
            ContractFields.Read(root, dataset, checkPatterns),
            new Residency(captureRegions, TableServer(Server(root, "table"))),
            retention,
            expireAfterDays);
    }

    private static YamlPlace Root(ReadOnlyMemory<byte> bytes, string origin)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new ConfigurationException($"contract {origin}: found {bytes.Length} bytes, expected at most {MaxBytes}");
        }
        try
        {
            var yaml = BoundedYaml.Load(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.Span));
            return yaml.Documents.Count == 1
                ? new YamlPlace(origin, "", yaml.Documents[0].RootNode)
                : throw new ConfigurationException($"contract {origin}: found {yaml.Documents.Count} YAML documents, expected one");
        }
        catch (YamlException error)
        {
            throw new ConfigurationException(
                $"contract {origin}, line {error.Start.Line}: found {error.Message}, expected YAML with each key once", error);
        }
        catch (DecoderFallbackException error)
        {
            throw new ConfigurationException($"contract {origin}: found bytes that are not UTF-8, expected a YAML file in UTF-8", error);
        }
    }

    private static RetentionMode Retention(YamlPlace root)
    {
        var custom = root.Custom("retentionMode", "retentionReview", "purposes", "purposeBasis", "partitionBy", "erasure");
        root.Need(custom, "partitionBy").OneOf("date");
        if (root.Need(custom, "purposes").Items.Count == 0)
        {
            throw root.Need(custom, "purposes")
                .Error("purposes: found none, expected at least one: data without a purpose is not collected");
        }
        var mode = root.Need(custom, "retentionMode").OneOf("indefinite", "fixed", "customer", "none");
        var promised = root["slaProperties"].Items.SingleOrDefault(item => item["property"].Text == "retention")?["value"]
            ?? throw root["slaProperties"].Error("slaProperties: 'retention' was not found, expected it in the list");
        if ((promised.Text == "indefinite") != (mode == "indefinite"))
        {
            throw promised.Error($"{promised.Path}: found '{promised.Text}', expected what customProperties.retentionMode says, '{mode}'");
        }
        return Enum.Parse<RetentionMode>(mode, ignoreCase: true);
    }

    private static YamlPlace Server(YamlPlace root, string name)
    {
        var servers = root["servers"];
        var named = servers.Items.Where(server => server["server"].OneOf("capture", "table") == name).ToList();
        return named.Count == 1
            ? named[0].Only("server", "type", "location", "format", "description", "environment", "customProperties")
            : throw servers.Error($"servers: found {named.Count} named '{name}', expected exactly one");
    }

    private static (List<string> Regions, int ExpireAfterDays) CaptureServer(YamlPlace server)
    {
        var custom = server.Custom("residency", "regions", "expireAfter", "expireOnlyWhen");
        server.Need(custom, "residency").OneOf("US");
        server.Need(custom, "expireOnlyWhen").OneOf("shipment-verified");
        var expire = server.Need(custom, "expireAfter");
        var days = Days().Match(expire.Text);
        return days.Success
            ? (Regions(server.Need(custom, "regions")), int.Parse(days.Groups[1].ValueSpan,
                System.Globalization.CultureInfo.InvariantCulture))
            : throw expire.Wrong("days from P1D to P3650D, such as P30D");
    }

    private static List<string> TableServer(YamlPlace server)
    {
        server["format"].OneOf("delta");
        var custom = server.Custom("residency", "regions");
        server.Need(custom, "residency").OneOf("UK");
        return Regions(server.Need(custom, "regions"));
    }

    private static List<string> Regions(YamlPlace list)
    {
        var regions = list.Items.Select(item => Matching(item, RegionName(), "a region in lower case, such as uksouth")).ToList();
        return regions.Count > 0 ? regions : throw list.Error($"{list.Path}: found an empty list, expected at least one region");
    }

    private static string Matching(YamlPlace place, Regex pattern, string expected) => pattern.IsMatch(place.Text) ? place.Text
        : throw place.Wrong(expected);

    [GeneratedRegex(@"\A(?=.{1,64}\z)[a-z][a-z0-9]*(-[a-z0-9]+)*\z")]
    private static partial Regex DatasetName();

    [GeneratedRegex(@"\A(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}\z")]
    private static partial Regex SemanticVersion();

    [GeneratedRegex(@"\A[a-z][a-z0-9]{1,63}\z")]
    private static partial Regex RegionName();

    [GeneratedRegex(@"\AP([1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)D\z")]
    private static partial Regex Days();
}
