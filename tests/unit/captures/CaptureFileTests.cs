using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Captures;

/// <summary>Captures and snapshots prove that this installation made them, whole.</summary>
public sealed class CaptureFileTests
{
    private static readonly CaptureStore Captures = new(new MemoryStore(new FakeTimeProvider(), "us"), CaptureFixture.Store,
        CaptureFixture.Key);

    private static readonly string Name = CaptureNames.Capture("web", 0);

    [Fact]
    public void Every_changed_bit_of_a_capture_is_damage_and_nothing_else()
    {
        var bytes = new CaptureFixture().Next(2, "agent-updates", "xencenter-checks").Bytes.ToArray();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            var found = Assert.Throws<CorruptException>(() => Captures.Decode("web", 0, damaged, Name));
            Assert.Equal(Name, found.Target);
            Assert.Contains(Name, found.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_capture_that_is_cut_or_has_more_is_damage_at_every_length()
    {
        var bytes = new CaptureFixture().Next(2, "agent-updates").Bytes.ToArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<CorruptException>(() => Captures.Decode("web", 0, bytes[..length], Name));
        }
        Assert.Throws<CorruptException>(() => Captures.Decode("web", 0, [.. bytes, 0], Name));
    }

    [Fact]
    public void A_header_that_is_read_without_its_blocks_is_authentic_alone()
    {
        var capture = new CaptureFixture().Next(2, "agent-updates");
        var header = capture.Bytes.Span[..CaptureFile.HeaderLength(capture.Bytes.Span, Name)].ToArray();
        Assert.Equal(capture.Header.ToJson(), Captures.DecodeHeader("web", 0, header, Name).ToJson());
        for (var bit = 0; bit < header.Length * 8; bit++)
        {
            var damaged = header.ToArray();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Throws<CorruptException>(() => Captures.DecodeHeader("web", 0, damaged, Name));
        }
    }

    [Fact]
    public void Another_installations_capture_is_another_key_and_no_damage()
    {
        var other = new InstallationKey(new byte[32]).Captures();
        var capture = new CaptureFixture().Next(1, "agent-updates");
        var (bytes, _) = CaptureFile.Encode(capture.Header with { KeyId = other.KeyId }, null, [new byte[8]], other);
        Assert.Contains("right key file", Assert.Throws<ConfigurationException>(() => Captures.Decode("web", 0, bytes, Name)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_capture_of_version_1_is_read_from_the_store()
    {
        var capture = new CaptureFixture().Next(3, "agent-updates", "xencenter-checks");
        var old = FirstVersion.Of(capture);
        var read = Captures.Decode("web", 0, old, Name);
        Assert.Equal((1, Sha256.Of(old)), (read.Header.Version, read.Link.Hash));
        Assert.Equal(capture.RejectedLines(), read.RejectedLines());
        Assert.Equal(capture.Frame(capture.Header.Frames[1]).ToArray(), read.Frame(read.Header.Frames[1]).ToArray());
    }

    [Fact]
    public void A_frame_without_rows_or_with_other_rows_than_its_dates_is_refused()
    {
        var capture = new CaptureFixture().Next(2, "agent-updates");
        var frame = capture.Header.Frames[0];
        FrameEntry[] wrong = [frame with { Rows = 0, Dates = [] }, frame with { Rows = 3 }, frame with { Rows = 2, Dates = [] }];
        Assert.All(wrong, entry => Assert.Throws<CorruptException>(() =>
            Captures.Decode("web", 0, CaptureFile.Encode(capture.Header with { Frames = [entry] }, null, [new byte[8]],
                CaptureFixture.Key).Bytes, Name)));
    }

    [Fact]
    public void Every_changed_bit_and_every_cut_of_a_snapshot_is_damage()
    {
        var fixture = new CaptureFixture();
        fixture.Next(2, "agent-updates");
        var bytes = SnapshotFile.Encode(fixture.State, CaptureFixture.Key);
        Assert.Equal(fixture.State.ToJson(), SnapshotFile.Decode(bytes, "name", CaptureFixture.Key).ToJson());
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.Throws<InvalidDataException>(() => SnapshotFile.Decode(damaged, "name", CaptureFixture.Key));
        }
        Gen.Int[0, bytes.Length - 1]
            .Sample(length => Assert.Throws<InvalidDataException>(() =>
            SnapshotFile.Decode(bytes.AsSpan(0, length), "name", CaptureFixture.Key)));
    }

    [Fact]
    public void A_snapshot_without_a_code_is_one_of_0_1_0_and_is_read()
    {
        var fixture = new CaptureFixture();
        fixture.Next(2, "agent-updates");
        Assert.Equal(fixture.State.ToJson(), SnapshotFile.Decode(fixture.State.ToJson(), "name", CaptureFixture.Key).ToJson());
    }
}
