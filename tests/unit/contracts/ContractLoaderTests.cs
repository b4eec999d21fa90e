using System.Text;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Xunit;

namespace Pipeline.Tests.Unit.Contracts;

public sealed class ContractLoaderTests
{
    private static readonly string Good = Encoding.UTF8.GetString(PublishedContracts.AgentUpdates.Bytes.Span);

    [Theory]
    [InlineData("apiVersion: v3.1.0", "apiVersion: v3.0.0", "apiVersion", "'v3.0.0'", "'v3.1.0'")]
    [InlineData("kind: DataContract", "kind: DataProduct", "kind", "'DataProduct'", "'DataContract'")]
    [InlineData("version: 1.0.0", "version: one", "version", "'one'", "three numbers")]
    [InlineData("status: active", "status: active\nretention: forever", "retention", "unknown", "expected only")]
    [InlineData("name: agent-updates\nversion", "name: ../agent\nversion", "name", "'../agent'", "a dataset's name")]
    [InlineData("required: true", "requierd: true", "schema[0].properties[0].requierd", "unknown", "required")]
    [InlineData("required: false", "required: maybe", "schema[0].properties[2].required", "'maybe'", "true, false")]
    [InlineData("name: vm_uuid_prefix", "name: date", "schema[0].properties[2]", "'date'", "another name")]
    [InlineData("name: vm_uuid_prefix", "name: client_ip", "schema[0].properties[2]", "'client_ip'", "another name")]
    [InlineData("name: vm_uuid_prefix", "name: VM-UUID", "schema[0].properties[2].name", "'VM-UUID'", "lower-case")]
    [InlineData("name: time", "name: at", "schema[0].properties", "first field", "`time`")]
    [InlineData("'^[0-9a-f]{4}$'", "'^[0-9a-f{4}$'", "schema[0].properties[2].logicalTypeOptions.pattern", "found", "regular expression")]
    [InlineData("'^[0-9a-f]{4}$'", "'[0-9a-f]{4}'", "schema[0].properties[2].logicalTypeOptions.pattern", "found", "from ^ to $")]
    [InlineData("maxLength: 45", "maxLength: 100000", "schema[0].properties[1].logicalTypeOptions.maxLength", "'100000'", "1 to 256")]
    [InlineData("property: closed, value: true", "property: closed, value: false", "schema[0]", "'false'", "'true'")]
    [InlineData("value: drop", "value: keep", "schema[0]", "'keep'", "'drop'")]
    [InlineData("value: [uk, uksouth, ukwest]", "value: []", "servers[1]", "empty", "at least one region")]
    [InlineData("value: [uk, uksouth, ukwest]", "value: [UK South]", "servers[1]", "'UK South'", "a region")]
    [InlineData("property: residency, value: UK", "property: residency, value: DE", "servers[1]", "'DE'", "'UK'")]
    [InlineData("server: table", "server: capture", "servers", "2 named 'capture'", "exactly one")]
    [InlineData("value: P30D", "value: P0D", "servers[0]", "'P0D'", "P1D to P3650D")]
    [InlineData("value: shipment-verified", "value: always", "servers[0]", "'always'", "'shipment-verified'")]
    [InlineData("property: retentionMode, value: indefinite", "property: retentionMode, value: fixed", "slaProperties[0].value",
        "'indefinite'", "'fixed'")]
    [InlineData("property: retentionMode, value: indefinite", "property: retentionMode, value: ever", "customProperties[0].value", "'ever'",
        "one of")]
    [InlineData("property: retentionReview", "property: retentionMode", "customProperties[1].property", "second time", "once")]
    [InlineData("property: retentionReview", "property: retentionRevue", "customProperties[1].property", "'retentionRevue'", "one of")]
    [InlineData("[agent-update-delivery]", "[]", "purposes", "none", "at least one")]
    public void A_contract_that_we_do_not_understand_is_refused_with_file_path_found_and_expected(string text, string instead, string path,
        string found, string expected)
    {
        Assert.Contains(text, Good, StringComparison.Ordinal);
        var at = Good.IndexOf(text, StringComparison.Ordinal);
        var error = Refused(Encoding.UTF8.GetBytes(Good[..at] + instead + Good[(at + text.Length)..]));
        Assert.All(["contract test.yaml", path, found, expected], part => Assert.Contains(part, error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("kind")]
    [InlineData("servers")]
    [InlineData("schema")]
    [InlineData("slaProperties")]
    [InlineData("customProperties")]
    public void A_part_that_is_missing_is_named(string part)
    {
        var lines = Good.Split('\n').ToList();
        var from = lines.FindIndex(line => line.StartsWith(part + ":", StringComparison.Ordinal));
        var to = lines.FindIndex(from + 1, line => line.Length == 0 || char.IsAsciiLetter(line[0]));
        lines.RemoveRange(from, to - from);
        Assert.Contains(part, Refused(Encoding.UTF8.GetBytes(string.Join('\n', lines))), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_YAML_is_refused()
    {
        Refused(Encoding.UTF8.GetBytes(Good + "\nname: twice\n"));
        Refused("a: [1"u8.ToArray());
        Refused([0xff, 0xfe, 0x00]);
        Refused([]);
        Refused("--- a\n--- b\n"u8.ToArray());
        Refused(new byte[ContractLoader.MaxBytes + 1]);
        Refused("- a list"u8.ToArray());
    }


    private static string Refused(byte[] bytes)
    {
        var error = Assert.ThrowsAny<PipelineException>(() => ContractLoader.Parse(bytes, "test.yaml"));
        Assert.IsType<ConfigurationException>(error);
        return error.Message;
    }
}
