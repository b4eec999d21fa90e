using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Apache.Arrow.Types;
using Pipeline.Core.Contracts;
using Xunit;

namespace Pipeline.Tests.Unit.Contracts;

/// <summary>What the code expects of the published contracts; when a file and the code part ways, this fails.</summary>
public sealed class PublishedContractsTests
{
    [Fact]
    public void Patterns_of_the_published_contracts_are_regular_expressions() =>
        Assert.All(PublishedContracts.All, contract => Assert.Equal(contract.Fields,
            ContractLoader.Parse(contract.Bytes, contract.Dataset, checkPatterns: true).Fields));

    [Fact]
    public void The_published_datasets_are_two() =>
        Assert.Equal(["agent-updates", "xencenter-checks"], PublishedContracts.All.Select(contract => contract.Dataset));

    [Fact]
    public void The_fields_are_those_of_the_published_statement_and_no_others()
    {
        Assert.Equal(
            [("time", FieldType.Timestamp, true), ("client_ip", FieldType.String, true), ("xencenter_version", FieldType.String, true)],
            PublishedContracts.XenCenterChecks.Fields.Select(field => (field.Name, field.Type, field.Required)));
        Assert.Equal(
            [("time", FieldType.Timestamp, true), ("client_ip", FieldType.String, true), ("vm_uuid_prefix", FieldType.String, false)],
            PublishedContracts.AgentUpdates.Fields.Select(field => (field.Name, field.Type, field.Required)));
    }

    [Theory]
    [InlineData("xencenter-checks", "xencenter_version", "2025.2.0.8315", true)]
    [InlineData("xencenter-checks", "xencenter_version", "7.1.2.3", true)]
    [InlineData("xencenter-checks", "xencenter_version", "123456789.0.0.0", true)]
    [InlineData("xencenter-checks", "xencenter_version", "1234567890.0.0.0", false)]
    [InlineData("xencenter-checks", "xencenter_version", "2025.2.0", false)]
    [InlineData("xencenter-checks", "xencenter_version", "2025.2.0.8315 ", false)]
    [InlineData("xencenter-checks", "xencenter_version", "2025.2.0.x", false)]
    [InlineData("agent-updates", "vm_uuid_prefix", "1a2b", true)]
    [InlineData("agent-updates", "vm_uuid_prefix", "1A2B", false)]
    [InlineData("agent-updates", "vm_uuid_prefix", "1a2b3", false)]
    [InlineData("agent-updates", "vm_uuid_prefix", "1a2", false)]
    [InlineData("agent-updates", "vm_uuid_prefix", "", false)]
    public void A_pattern_accepts_what_the_program_keeps_and_nothing_longer(string dataset, string field, string value, bool accepted)
    {
        var declared = PublishedContracts.ByDataset(dataset).Fields.Single(one => one.Name == field);
        Assert.Equal(accepted, Regex.IsMatch(value, declared.Pattern!) && value.Length <= declared.MaxLength);
    }

    [Fact]
    public void An_address_of_the_longest_form_fits() =>
        Assert.All(PublishedContracts.All, contract => Assert.Equal("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".Length,
            contract.Fields[1].MaxLength));

    [Fact]
    public void Captures_lie_in_the_United_States_and_tables_in_the_United_Kingdom() => Assert.All(PublishedContracts.All, contract =>
    {
        Assert.Contains("us", contract.Residency.CaptureRegions);
        Assert.Contains("eastus", contract.Residency.CaptureRegions);
        Assert.Equal(["uk", "uksouth", "ukwest"], contract.Residency.TableRegions);
        Assert.Empty(contract.Residency.CaptureRegions.Intersect(contract.Residency.TableRegions));
    });

    [Fact]
    public void Both_are_kept_indefinitely_and_their_captures_thirty_days() => Assert.All(PublishedContracts.All, contract =>
    {
        Assert.Equal(RetentionMode.Indefinite, contract.Retention);
        Assert.Equal(30, contract.ExpireCapturesAfterDays);
    });

    [Fact]
    public void The_identity_is_the_sha256_of_the_files_bytes() => Assert.All(PublishedContracts.All, contract =>
    {
        var file = File.ReadAllBytes(Path.Combine(Repository(), "contracts", contract.Dataset + ".yaml"));
        Assert.Equal(file, contract.Bytes.ToArray());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(file)), contract.Sha256);
    });

    [Fact]
    public void An_unknown_dataset_is_a_configuration_error() =>
        Assert.IsType<Core.ConfigurationException>(Assert.ThrowsAny<Core.PipelineException>(() =>
            PublishedContracts.ByDataset("telemetry")));

    [Fact]
    public void The_Arrow_schema_has_the_declared_columns_and_nullability() => Assert.All(PublishedContracts.All, contract =>
    {
        var schema = Schemas.Arrow(contract);
        Assert.Equal(contract.Fields.Select(field => field.Name), schema.FieldsList.Select(field => field.Name));
        var time = Assert.IsType<TimestampType>(schema.FieldsList[0].DataType);
        Assert.Equal((TimeUnit.Microsecond, "UTC"), (time.Unit, time.Timezone));
        Assert.All(schema.FieldsList.Skip(1), field => Assert.IsType<StringType>(field.DataType));
        Assert.Equal(contract.Fields.Select(field => !field.Required), schema.FieldsList.Select(field => field.IsNullable));
    });

    [Fact]
    public void The_Delta_schema_is_the_fields_and_the_date()
    {
        using var schema = JsonDocument.Parse(Core.Table.TableSchema.SchemaString(PublishedContracts.AgentUpdates));
        Assert.Equal("struct", schema.RootElement.GetProperty("type").GetString());
        Assert.Equal(
            ["time timestamp", "client_ip string", "vm_uuid_prefix string", "date date"],
            schema.RootElement.GetProperty("fields").EnumerateArray().Select(field =>
                $"{field.GetProperty("name").GetString()} {field.GetProperty("type").GetString()}"));
    }

    internal static string Repository([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
