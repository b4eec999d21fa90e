using System.Globalization;
using System.Runtime.CompilerServices;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Tests.Unit.Push;

/// <summary>docs/openapi.yaml says what the endpoint does: all of it, and nothing else.</summary>
public sealed class PushOpenApiTests
{
    private static readonly YamlMappingNode Root = Load();

    [Fact]
    public void Each_refusal_that_there_is_is_documented_and_each_that_is_documented_there_is() =>
        Assert.Equal(Sorted(PushCode.All.Select(c => (c.Status, c.Name))),
            Sorted(Operations().SelectMany(o => Refusals(o.Operation)).Distinct()));

    [Fact]
    public void Each_reason_of_a_rejection_is_documented() =>
        Assert.Equal(Reasons.All.Select(Reasons.Code).Order(StringComparer.Ordinal),
            Texts(At(Root, "components", "schemas", "Reason", "enum")).Order(StringComparer.Ordinal));

    [Fact]
    public void The_limits_are_the_programs()
    {
        var text = File.ReadAllText(DocumentPath());
        foreach (var limit in (int[])[PushEndpoint.MaxBytes, PushEndpoint.MaxLines, PushEndpoint.MaxSentBytes, PushBody.MaxParts,
            PushZstd.MaxWindow])
        {
            Assert.Contains(limit.ToString("N0", CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
        }
        Assert.Equal(PushReply.MaxRuns.ToString(CultureInfo.InvariantCulture),
            At(Root, "components", "schemas", "Captured", "properties", "refused", "maxItems").ToString());
    }

    [Fact]
    public async Task It_is_served_as_it_is_and_each_path_answers_as_it_says()
    {
        await using var rig = await PushRig.StartAsync();
        using var served = await rig.Client.GetAsync("/openapi.yaml", TestContext.Current.CancellationToken);
        Assert.Equal("application/yaml", served.Content.Headers.ContentType!.MediaType);
        Assert.Equal(await File.ReadAllBytesAsync(DocumentPath(), TestContext.Current.CancellationToken),
            await served.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        foreach (var (path, method, operation) in Operations())
        {
            var refusals = Refusals(operation).ToHashSet();
            foreach (var verb in (string[])["GET", "HEAD", "POST", "PUT", "DELETE"])
            {
                using var request = new HttpRequestMessage(new HttpMethod(verb),
                    path.Replace("{other}", "v1/other", StringComparison.Ordinal));
                using var answer = await rig.Client.SendAsync(request, TestContext.Current.CancellationToken);
                var status = (int)answer.StatusCode;
                var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.True(status == 200 || verb == "HEAD" || refusals.Contains(
                    (status, System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("error").GetString()!)),
                    $"{verb} {path}: {status} {body}");
                Assert.True(path == "/v1/lines" || path.Contains('{', StringComparison.Ordinal)
                    || (status == 200) == (verb is "GET" or "HEAD"), $"{verb} {path}: {status}");
            }
            Assert.True(method is "get" or "post");
        }
    }

    [Fact]
    public void Each_reference_leads_somewhere() => Assert.All(References(Root), reference =>
        Assert.NotNull(At(Root, reference[2..].Split('/'))));

    private static IEnumerable<(string Path, string Method, YamlMappingNode Operation)> Operations() =>
        from path in ((YamlMappingNode)At(Root, "paths")).Children from method in ((YamlMappingNode)path.Value).Children
            where method.Key.ToString() != "parameters"
        select (path.Key.ToString(), method.Key.ToString(), (YamlMappingNode)method.Value);

    private static IEnumerable<(int Status, string Error)> Refusals(YamlMappingNode operation)
    {
        foreach (var (status, given) in ((YamlMappingNode)At(operation, "responses")).Children.Where(r => r.Key.ToString() != "200"))
        {
            var response = ((YamlMappingNode)given).Children.TryGetValue("$ref", out var reference)
                ? At(Root, reference.ToString()[2..].Split('/')) : given;
            foreach (var error in Texts(At(response, "content", "application/json", "schema", "properties", "error", "enum")))
            {
                yield return (int.Parse(status.ToString(), CultureInfo.InvariantCulture), error);
            }
        }
    }

    private static IEnumerable<string> References(YamlNode node) => node switch
    {
        YamlMappingNode map => map.Children.SelectMany(c => c.Key.ToString() == "$ref" ? [c.Value.ToString()] : References(c.Value)),
        YamlSequenceNode list => list.SelectMany(References),
        _ => [],
    };

    private static IEnumerable<string> Sorted(IEnumerable<(int Status, string Name)> codes) =>
        codes.Select(c => $"{c.Status} {c.Name}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Texts(YamlNode list) => ((YamlSequenceNode)list).Select(t => t.ToString());

    private static YamlNode At(YamlNode node, params string[] keys) =>
        keys.Aggregate(node, (at, key) => ((YamlMappingNode)at).Children[new YamlScalarNode(key)]);

    private static YamlMappingNode Load()
    {
        var yaml = new YamlStream();
        using var text = File.OpenText(DocumentPath());
        yaml.Load(text);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static string DocumentPath([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "openapi.yaml"));
}
