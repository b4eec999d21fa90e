using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>What is shipped is named: packages with their licences, images with their versions.</summary>
public sealed partial class SupplyChainTests
{
    [Fact]
    public void The_notices_name_each_package_of_the_published_program_and_no_other()
    {
        using var locked = JsonDocument.Parse(Repository.Read("cli", "packages.lock.json"));
        var packages = locked.RootElement.GetProperty("dependencies").EnumerateObject()
            .SelectMany(framework => framework.Value.EnumerateObject())
            .Where(package => package.Value.GetProperty("type").GetString() != "Project")
            .Select(package => package.Name).Where(name => name != "Microsoft.CodeAnalysis.BannedApiAnalyzers")
            .Distinct().Order(StringComparer.OrdinalIgnoreCase);
        var named = RowPattern().Matches(Repository.Read("THIRD-PARTY-NOTICES.md")).Select(row => row.Groups[1].Value)
            .Where(name => name != "package");
        Assert.Equal(packages, named);
    }

    [Fact]
    public void Images_are_pinned_to_a_version_and_never_to_a_moving_tag()
    {
        var images = ImagePattern().Matches(Repository.Read("deploy", "compose.yaml") + Repository.Read("deploy", "Containerfile"))
            .Select(m => m.Groups[1].Value)
            .Where(image => image is not "pipeline" and not "${BASE}").ToList();
        Assert.NotEmpty(images);
        Assert.All(images, image => Assert.Matches(@"(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})", image));
    }

    [Fact]
    public void A_known_vulnerability_of_a_package_fails_the_restore()
    {
        var properties = Repository.Read("Directory.Build.props");
        Assert.Contains("<NuGetAudit>true</NuGetAudit>", properties, StringComparison.Ordinal);
        Assert.Contains("<NuGetAuditMode>all</NuGetAuditMode>", properties, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"WarningsNotAsErrors>[^<]*NU190[1234]", properties);
    }

    [GeneratedRegex(@"^\| ([A-Za-z0-9.]+) \|", RegexOptions.Multiline)]
    private static partial Regex RowPattern();

    [GeneratedRegex(@"(?:image:|^FROM|^ARG BASE=)\s*(\S+)", RegexOptions.Multiline)]
    private static partial Regex ImagePattern();
}
