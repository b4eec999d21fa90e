using System.Text;
using CsCheck;
using Pipeline.Core.Contracts;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Tests.Unit.Captures;

/// <summary>Rules 1 to 4.</summary>
public sealed class ShardStateTests
{
    private static readonly Gen<string[]> Datasets = Gen.Int[0, 3].Select(i =>
        new string[][] { [], ["xencenter-checks"], ["agent-updates"], ["agent-updates", "xencenter-checks"] }[i]);

    [Fact]
    public void A_capture_comes_back_from_its_bytes() => Datasets.Sample(datasets =>
    {
        var capture = new CaptureFixture().Next(3, datasets);
        var header = CaptureFile.DecodeHeader(capture.Bytes.Span, "test");
        Assert.Equal(capture.Header.ToJson(), header.ToJson());
        Assert.Equal([new RejectedLines(0, "empty", 1, 1)], capture.RejectedLines());
        foreach (var frame in header.Frames)
        {
            Assert.Equal(3, FrameDecoder.Decode(PublishedContracts.ByDataset(frame.Dataset), capture.Frame(frame), frame.Rows)
                .Sum(b => b.Rows));
        }
    });

    [Fact]
    public void Rule_1_every_capture_links_to_the_last_one_with_records_of_each_dataset() => Datasets.List[1, 20].Sample(steps =>
    {
        var fixture = new CaptureFixture();
        var last = new Dictionary<string, Link>();
        foreach (var datasets in steps)
        {
            var capture = fixture.Next(1, datasets);
            Assert.Equal(last.OrderBy(l => l.Key), capture.Header.Links.OrderBy(l => l.Key));
            foreach (var dataset in datasets)
            {
                last[dataset] = capture.Link;
            }
        }
    });

    [Fact]
    public void Rule_3_a_snapshot_and_what_follows_it_folds_to_the_same_bytes_as_all_captures() =>
        Gen.Select(Datasets.List[2, 20], Gen.Int[0, 19]).Sample((steps, cut) =>
    {
        var fixture = new CaptureFixture();
        ShardState? resumed = null;
        for (var i = 0; i < steps.Count; i++)
        {
            var capture = fixture.Next(2, steps[i]);
            Assert.Null(resumed?.Apply(capture.Header, capture.Link));
            if (i == cut % steps.Count)
            {
                resumed = ShardState.FromJson(fixture.State.ToJson(), "test");
            }
        }
        Assert.Equal(fixture.State.ToJson(), resumed!.ToJson());
    });

    [Fact]
    public void Rule_4_a_capture_that_does_not_continue_the_state_is_a_fork_and_changes_nothing()
    {
        var fixture = new CaptureFixture();
        fixture.Next(1, "agent-updates");
        var other = new CaptureFixture();
        other.Next(2, "agent-updates");
        var next = other.Next(1, "xencenter-checks");
        var before = fixture.State.ToJson();

        CaptureHeader[] wrong =
        [
            next.Header,
            next.Header with { Previous = fixture.State.Head!.Value.Hash },
            next.Header with { Previous = fixture.State.Head!.Value.Hash, Links = new(fixture.State.Links.ToDictionary()),
                Reads = [next.Header.Reads[0] with { From = 7 }] },
            next.Header with { Number = 5 },
            next.Header with { Store = "another" },
        ];
        foreach (var header in wrong)
        {
            Assert.Equal(header.Number, fixture.State.Apply(header, new Link(header.Number, next.Link.Hash))?.Number);
            Assert.Equal(before, fixture.State.ToJson());
        }
    }

    [Fact]
    public void A_capture_of_a_later_version_stops_with_upgrade_and_a_code_that_is_not_started_again_and_damage_is_named_without_content()
    {
        var capture = new CaptureFixture().Next();
        var later = CaptureFile.Encode(capture.Header with { Version = 4 }, null, [], CaptureFixture.Key).Bytes;
        // What else a later version changes is not known: a member of another shape, or the whole format.
        foreach (var bytes in new[] { later, Changed(later, "\"shard\":\"web\"", "\"shard\":[123]"), [.. "CAPTURE9\n"u8, 1, 2, 3, 4] })
        {
            var stop = Assert.ThrowsAny<PipelineException>(() => CaptureFile.DecodeHeader(bytes, "name"));
            Assert.IsType<ConfigurationException>(stop);
            Assert.Contains("Upgrade this program", stop.Message, StringComparison.Ordinal);
        }
        var damaged = Changed(CaptureFile.Encode(capture.Header, null, [], CaptureFixture.Key).Bytes, "\"shard\":\"web\"",
            "\"shard\":[123]");
        Assert.DoesNotContain("Upgrade", Assert.Throws<InvalidDataException>(() => CaptureFile.DecodeHeader(damaged, "name")).Message,
            StringComparison.Ordinal);
        Assert.Contains("name", Assert.Throws<InvalidDataException>(() =>
            CaptureFile.DecodeHeader(capture.Bytes.Span[..40], "name")).Message);
        Gen.Byte.Array[0, 60].Sample(bytes => Assert.Throws<InvalidDataException>(() => CaptureFile.DecodeHeader(bytes, "name")));
    }

    [Fact]
    public void A_snapshot_of_a_later_version_stops_with_upgrade_and_a_code_that_is_not_started_again()
    {
        var json = new ShardState { Store = CaptureFixture.Store, Shard = "web", KeyId = CaptureFixture.KeyId, Version = 4 }.ToJson();
        foreach (var bytes in new[] { json, Changed(json, "\"shard\":\"web\"", "\"shard\":[123]") })
        {
            var stop = Assert.ThrowsAny<PipelineException>(() => ShardState.FromJson(bytes, "name"));
            Assert.IsType<ConfigurationException>(stop);
            Assert.Contains("snapshot name: it is of version 4", stop.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Changed(byte[] bytes, string from, string to)
    {
        var text = Encoding.Latin1.GetString(bytes);
        Assert.Contains(from, text, StringComparison.Ordinal);
        Assert.Equal(from.Length, to.Length);
        return Encoding.Latin1.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
    }

    [Fact]
    public void Rule_32_a_stream_remembers_the_checks_of_its_last_64_pushes()
    {
        var state = new ShardState { Store = CaptureFixture.Store, Shard = "web", KeyId = CaptureFixture.KeyId };
        for (var i = 0; i < 100; i++)
        {
            var header = new CaptureHeader
            {
                Store = CaptureFixture.Store, Shard = "web", Number = i, Session = "s", Previous = state.Head?.Hash,
                    KeyId = CaptureFixture.KeyId, Contracts = [], Links = [], Frames = [],
                Reads = [new ReadEntry { Source = "web", Format = "combined", Stream = "t", From = i, To = i
                    + 1, Check = $"c{i}", Lines = 0 }],
            };
            Assert.Null(state.Apply(header, new Link(i, Sha256.Of(header.ToJson()))));
        }
        var cursor = state.Streams["web/t"];
        Assert.Equal((100, 64, "c36", "c99"), (cursor.Sequence, cursor.Checks.Count, cursor.Checks[0], cursor.Checks[^1]));
    }
}
