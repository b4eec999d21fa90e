using System.Globalization;
using System.Text;
using NJsonSchema;
using Newtonsoft.Json.Linq;
using Pipeline.Core.Contracts;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Tests.Unit.Contracts;

/// <summary>The published contracts against the standard's own JSON Schema, which is read where it is there: it is the work of
/// others.</summary>
public sealed class OdcsSchemaTests
{
    [Fact]
    public async Task The_published_contracts_validate_against_ODCS_3_1()
    {
        var schema = await SchemaAsync();
        Assert.All(PublishedContracts.All, contract => Assert.Empty(schema.Validate(Json(Root(contract)))));
    }

    [Fact]
    public async Task A_contract_without_a_version_does_not_validate()
    {
        var schema = await SchemaAsync();
        var json = (JObject)Json(Root(PublishedContracts.AgentUpdates));
        json.Remove("version");
        json["servers"]![0]!["type"] = "a type that is not there";
        Assert.NotEmpty(schema.Validate(json));
    }

    private static async Task<JsonSchema> SchemaAsync()
    {
        string?[] folders =
        [
            Environment.GetEnvironmentVariable("PIPELINE_TEST_DATA") is { Length: > 0 } data ? Path.Combine(data, "odcs") : null,
            Path.Combine(PublishedContractsTests.Repository(), "../shared/data/odcs"),
        ];
        var file = folders.Where(Directory.Exists).SelectMany(folder => Directory.GetFiles(folder!, "*.json")).Order(StringComparer.Ordinal)
            .FirstOrDefault();
        Assert.SkipWhen(file is null, "the ODCS JSON Schema is not here: set PIPELINE_TEST_DATA to a folder that holds odcs/*.json");
        var schema = JObject.Parse(await File.ReadAllTextAsync(file!, TestContext.Current.CancellationToken));
        return await JsonSchema.FromJsonAsync(Draft4(schema).ToString(), TestContext.Current.CancellationToken);
    }

    /// <summary>
    /// The validator reads draft 4 and the standard is written in draft 2019-09: `$defs` was `definitions`, and what stood beside a `$ref`
    /// was not looked at.
    /// `unevaluatedProperties` has no counterpart; our own loader is stricter there.
    /// </summary>
    private static JToken Draft4(JToken token)
    {
        switch (token)
        {
            case JObject map:
                var properties = map.Properties()
                    .Select(one => new JProperty(one.Name == "$defs" ? "definitions" : one.Name, Draft4(one.Value))).ToList();
                if (properties.Count > 1 && properties.Find(one => one is { Name: "$ref", Value.Type: JTokenType.String }) is { } reference)
                {
                    properties.Remove(reference);
                    properties.RemoveAll(one => one.Name == "allOf");
                    properties.Add(new JProperty("allOf", new JArray(new JObject(reference),
                        Draft4(map["allOf"] ?? new JArray()).Children())));
                }
                return new JObject(properties);
            case JArray list:
                return new JArray(list.Select(Draft4));
            default:
                return token.Type == JTokenType.String && ((string)token!).StartsWith("#/$defs/", StringComparison.Ordinal)
                    ? new JValue("#/definitions/" + ((string)token!)["#/$defs/".Length..])
                    : token.DeepClone();
        }
    }

    private static YamlNode Root(Contract contract)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Encoding.UTF8.GetString(contract.Bytes.Span)));
        return yaml.Documents[0].RootNode;
    }

    private static JToken Json(YamlNode node) => node switch
    {
        YamlMappingNode map =>
            new JObject(map.Children.Select(child => new JProperty(((YamlScalarNode)child.Key).Value!, Json(child.Value)))),
        YamlSequenceNode list => new JArray(list.Children.Select(Json)),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => new JValue(flag.Value == "true"),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when int.TryParse(scalar.Value, CultureInfo.InvariantCulture, out var number) =>
            new JValue(number),
        YamlScalarNode scalar => new JValue(scalar.Value),
        _ => throw new InvalidOperationException($"a YAML node of type {node.NodeType} has no JSON"),
    };
}
