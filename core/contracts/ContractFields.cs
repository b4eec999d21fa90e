using System.Text.RegularExpressions;

namespace Pipeline.Core.Contracts;

/// <summary>The `schema` part of a contract: one closed object named as the dataset, its first field the required timestamp `time`, the
/// others strings.</summary>
internal static partial class ContractFields
{
    /// <summary>The partition column, which is derived from `time` and so cannot be declared.</summary>
    private const string Derived = "date";

    public static IReadOnlyList<ContractField> Read(YamlPlace root, string dataset, bool checkPatterns)
    {
        var objects = root["schema"].Items;
        if (objects.Count != 1)
        {
            throw root["schema"].Error($"schema: found {objects.Count} objects, expected one: a file declares one dataset");
        }
        var one = objects[0].Only("name", "logicalType", "physicalType", "description", "properties", "customProperties");
        one["name"].OneOf(dataset);
        one["logicalType"].OneOf("object");
        var custom = one.Custom("closed", "unknownFieldAction");
        one.Need(custom, "closed").OneOf("true");
        one.Need(custom, "unknownFieldAction").OneOf("drop");

        var places = one["properties"].Items;
        var fields = places.Select(place => Field(place, checkPatterns)).ToList();
        if (fields is not [{ Name: "time", Type: FieldType.Timestamp, Required: true }, ..])
        {
            throw one["properties"].Error($"{one["properties"].Path}: the first field must be `time`, a required timestamp");
        }
        for (var i = 1; i < fields.Count; i++)
        {
            if (fields[i].Type == FieldType.Timestamp || fields[i].Name == Derived
                || fields.FindIndex(field => field.Name == fields[i].Name) < i)
            {
                throw places[i].Error(
                    $"{places[i].Path}: found '{fields[i].Name}', expected a string field of another name: `time` is the one timestamp, " +
                    $"`{Derived}` is derived, and names are unique");
            }
        }
        return fields;
    }

    private static ContractField Field(YamlPlace place, bool checkPatterns)
    {
        place.Only("name", "logicalType", "physicalType", "required", "classification", "description", "logicalTypeOptions",
            "customProperties", "businessName", "tags", "examples");
        place.Custom("pii");
        var name = place["name"];
        if (!FieldName().IsMatch(name.Text))
        {
            throw name.Wrong("a field's name: lower-case letters, digits and underscores, at most 63");
        }
        var type = place["logicalType"].OneOf("timestamp", "string") == "timestamp" ? FieldType.Timestamp : FieldType.String;
        place["physicalType"].OneOf(type == FieldType.Timestamp ? "timestamp(us, UTC)" : "utf8");
        place["classification"].OneOf("internal", "personal");
        var options = place.Find("logicalTypeOptions")?.Only("pattern", "maxLength");
        if (type == FieldType.Timestamp)
        {
            return options is null ? new(name.Text, type, place["required"].Flag, null, null)
                : throw options.Wrong("nothing for a timestamp");
        }
        options ??= place["logicalTypeOptions"];
        return new(name.Text, type, place["required"].Flag, Pattern(options.Find("pattern"), checkPatterns),
            options["maxLength"].Number(1, ContractLoader.MaxFieldLength));
    }

    private static string? Pattern(YamlPlace? place, bool check)
    {
        if (place is null)
        {
            return null;
        }
        try
        {
            if (check)
            {
                _ = new Regex(place.Text, RegexOptions.NonBacktracking);
            }
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw place.Wrong("a regular expression without look-around or back-references");
        }
        return place.Text is ['^', .., '$'] ? place.Text : throw place.Wrong("a pattern of the whole value, from ^ to $");
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex FieldName();
}
