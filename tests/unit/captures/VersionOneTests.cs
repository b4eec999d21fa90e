using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Core.Captures;
using Xunit;

namespace Pipeline.Tests.Unit.Captures;

/// <summary>What captures and snapshots of version 1 held of names is read where it helps people, and carried on nowhere.</summary>
public sealed class VersionOneTests
{
    private const string Name = "/logs/jane.doe/host42.access.log", List = "date cs(Jane-Doe) c-ip";

    private static ReadEntry Read => new() { Source = "web", Format = "iis-w3c", File = "f", From = 0, To = 100, Check = "c", Fields = List,
        Lines = 1, Physical = 1, Rejected = new() { ["empty"] = 1 } };

    private static CaptureHeader Header(int version) => new()
    {
        Version = version, Store = CaptureFixture.Store, Shard = "web", Number = 0, Session = "s", KeyId = CaptureFixture.KeyId,
            Contracts = [], Links = [], Reads = [Read with { Path = Name }], Frames = [],
    };

    [Fact]
    public void A_name_is_read_from_a_header_and_never_written_to_one()
    {
        Assert.DoesNotContain("jane.doe", Encoding.UTF8.GetString(Header(1).ToJson()), StringComparison.Ordinal);
        var old = JsonNode.Parse(Header(1).ToJson())!;
        old["reads"]![0]!["path"] = Name;
        Assert.Equal(Name, CaptureHeader.FromJson(Encoding.UTF8.GetBytes(old.ToJsonString())).Reads[0].Path);
    }

    [Fact]
    public void A_snapshot_of_version_1_is_the_state_that_its_captures_fold_to_today()
    {
        var state = Folded(1);
        var old = JsonNode.Parse(state.ToJson())!;
        old["version"] = 1;
        old["files"]!["web/f"]!["path"] = Name;
        old["files"]!["web/f"]!["fields"] = List;
        var read = ShardState.FromJson(Encoding.UTF8.GetBytes(old.ToJsonString()), "snapshot");
        Assert.Equal(state.ToJson(), read.ToJson());
        Assert.DoesNotContain("oe", Encoding.UTF8.GetString(read.ToJson()), StringComparison.OrdinalIgnoreCase);
        Assert.Equal("date - c-ip", read.Files["web/f"].Fields);
    }

    [Fact]
    public void Only_captures_of_version_1_are_minimised_when_they_are_folded()
    {
        Assert.Equal("date - c-ip", Folded(1).Files["web/f"].Fields);
        // A later one has only what its format and its source's configuration name.
        Assert.Equal(List, Folded(2).Files["web/f"].Fields);
    }

    private static ShardState Folded(int version)
    {
        var state = new ShardState { Store = CaptureFixture.Store, Shard = "web", KeyId = CaptureFixture.KeyId };
        Assert.Null(state.Apply(Header(version), new Link(0, Sha256.Of([]))));
        return state;
    }
}
