using System.Text;
using CsCheck;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Tests.Unit.Captures;

namespace Pipeline.Tests.Unit.Shipper;

/// <summary>What the feed is made of, each by itself: no clock, no store.</summary>
public sealed class FeedPartsTests
{
    private static readonly FeedPosition Here = new("captures", 3, 7);
    private static readonly MessageReader Reader = new(CaptureFixture.Store, CaptureFixture.Key);

    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("abc", 479470107)]
    public void A_key_hashes_as_Kafkas_own_clients_hash_it(string key, int hash) =>
        Assert.Equal(hash, unchecked((int)Murmur2.Hash(Encoding.UTF8.GetBytes(key))));

    [Fact]
    public void Trap_2_a_partial_revocation_keeps_the_other_partitions_shards()
    {
        var assignment = new Assignment();
        assignment.Assign([0, 1], 2);
        Assert.True(assignment.Arrived(0, 5, "a", 1));
        Assert.True(assignment.Arrived(1, 9, "b", 1));
        Assert.Equal(["a"], assignment.Revoke([0], lost: false));
        Assert.Equal((PartitionState.Revoked, PartitionState.Assigned, PartitionState.Elsewhere),
            (assignment.StateOf(0), assignment.StateOf(1), assignment.StateOf(2)));
        Assert.False(assignment.Arrived(0, 6, "a", 2));
        Assert.Equal(["b"], assignment.Revoke([1], lost: true));
        Assert.False(assignment.HasAny);
    }

    [Fact]
    public void A_shard_that_moved_when_the_topic_grew_stays_when_its_old_partition_goes()
    {
        var assignment = new Assignment();
        assignment.Assign([0, 1], 2);
        assignment.Arrived(0, 5, "a", 1);
        assignment.Arrived(1, 0, "a", 2);
        Assert.Empty(assignment.Revoke([0], lost: false));
    }

    [Fact]
    public void Rule_18_no_offset_is_told_beyond_a_capture_that_is_still_held() => Gen.Int[0, 3].List[1, 40].Sample(shards =>
    {
        var assignment = new Assignment();
        assignment.Assign([0], 1);
        var held = new HashSet<(string, long)>();
        for (var offset = 0; offset < shards.Count; offset++)
        {
            assignment.Arrived(0, offset, $"s{shards[offset]}", offset);
            held.Add(($"s{shards[offset]}", offset));
        }
        for (var shipped = 0; shipped < 4; shipped++)
        {
            held.RemoveWhere(h => h.Item1 == $"s{shipped}");
            var first = held.Count == 0 ? shards.Count : held.Min(h => h.Item2);
            var told = assignment.Shipped((shard, number) => held.Contains((shard, number)));
            Assert.True(told.Values.All(o => o == first));
        }
        Assert.Empty(assignment.Shipped((_, _) => false));
    });

    [Fact]
    public void Rules_14_and_15_only_what_an_earlier_round_saw_for_long_enough_and_has_not_come_is_late()
    {
        var history = new HeadHistory();
        var taken = new Dictionary<string, long>();
        IReadOnlyList<ObservedHead> Round(double at, double patience, params (string Shard, long Head)[] heads) => history.Round(
            heads.Select(h => new ObservedHead(h.Shard, h.Head, new Dictionary<string, long> { ["d"] = h.Head })), TimeSpan.FromSeconds(at),
            (shard, _) => taken.TryGetValue(shard, out var n) ? n : null, _ => TimeSpan.FromSeconds(patience));
        Assert.Empty(Round(0, 0, ("a", 5), ("b", 2)));
        taken["b"] = 2;
        // The next round: what it saw before, and no more than that.
        Assert.Equal(5, Assert.Single(Round(60, 0, ("a", 9), ("b", 3))).Head);
        taken["a"] = 9;
        Assert.Equal(("b", 3), Assert.Single(Round(120, 0, ("a", 9), ("b", 3))) is var late ? (late.Shard, late.Head) : default);
        // Another's shard that goes on being shipped, always a little behind, is never late.
        for (var round = 0; round < 20; round++)
        {
            taken["c"] = round * 10 - 5;
            Assert.Empty(Round(200 + round * 60, 600, ("c", round * 10)));
        }
        // One that stands still is, after its patience.
        Assert.Empty(Round(1_800, 600, ("c", 200)));
        Assert.NotEmpty(Round(2_400, 600, ("c", 200)));
    }

    private static readonly CaptureKey OtherKey = new InstallationKey(new byte[32]).Captures();

    [Fact]
    public void Every_message_is_a_capture_of_ours_or_is_set_aside_with_one_reason() =>
        Gen.Select(Gen.Int[0, 8], Gen.Int[0, 100_000]).Sample((how, at) =>
    {
        var capture = new CaptureFixture().Next(2, "agent-updates");
        var bytes = capture.Bytes.ToArray();
        var key = "web"u8.ToArray();
        var body = CaptureFile.HeaderLength(bytes, "");
        switch (how)
        {
            case 0: bytes = bytes[..(at % body)]; break;
            case 1: key = "other"u8.ToArray(); break;
            case 2: (bytes, _) = CaptureFile.Encode(capture.Header with { Store = "ffffffffffffffffffffffffffffffff" }, null, [new byte[8]],
                CaptureFixture.Key); break;
            case 3: (bytes, _) = CaptureFile.Encode(capture.Header with { KeyId = OtherKey.KeyId }, null, [new byte[8]], OtherKey); break;
            case 4: bytes = [.. Enumerable.Range(0, at % 500).Select(i => (byte)(i * at))]; break;
            // Forged: everything that is public is right, and the forger has no key.
            case 5: (bytes, _) = CaptureFile.Encode(capture.Header, null, [new byte[8]], OtherKey); break;
            case 6: bytes[body + at % (bytes.Length - body)] ^= (byte)(1 << at % 8); break;
            case 7: bytes = at % 2 == 0 ? bytes[..^(1 + at % (bytes.Length - body - 1))] : [.. bytes, 0]; break;
        }
        var read = Reader.Read(Here, key, bytes);
        var expected = how switch
        {
            0 or 4 => "unparsable", 1 => "wrong-key", 2 => "foreign-store", 3 => "foreign-key", 5 => "unauthenticated", 6 or 7 =>
                "damaged", _ => null,
        };
        Assert.Equal(expected, (read as FeedEvent.SetAside)?.Reason);
        Assert.Equal(expected is null, read is FeedEvent.Arrived arrived && arrived.Capture.Link == capture.Link);
    });

    [Fact]
    public void No_changed_bit_of_a_message_is_taken() => Gen.Int[0, 1 << 20].Sample(at =>
    {
        var bytes = new CaptureFixture().Next(2, "agent-updates").Bytes.ToArray();
        bytes[at / 8 % bytes.Length] ^= (byte)(1 << at % 8);
        Assert.IsType<FeedEvent.SetAside>(Reader.Read(Here, "web"u8, bytes));
    });

    [Fact]
    public void A_message_of_a_later_version_or_of_version_1_is_set_aside_and_stops_nobody()
    {
        var capture = new CaptureFixture().Next(1, "agent-updates");
        var (later, _) = CaptureFile.Encode(capture.Header with { Version = 4 }, null, [new byte[8]], CaptureFixture.Key);
        foreach (var bytes in new[] { later, [.. later.AsSpan()[..7], (byte)'9', .. later.AsSpan()[8..]] })
        {
            Assert.Equal(SetAsideReason.LaterVersion, Assert.IsType<FeedEvent.SetAside>(Reader.Read(Here, "web"u8, bytes)).Reason);
        }
        var old = FirstVersion.Of(capture);
        Assert.Equal(SetAsideReason.Unauthenticated, Assert.IsType<FeedEvent.SetAside>(Reader.Read(Here, "web"u8, old)).Reason);
    }

    [Fact]
    public void A_full_queue_takes_no_message_and_nothing_set_aside_and_every_other_event()
    {
        var capture = new CaptureFixture().Next(1, "agent-updates");
        var queue = new FeedQueue(capture.Bytes.Length);
        Assert.True(queue.TryAdd(new FeedEvent.Arrived(Here, capture)));
        Assert.False(queue.TryAdd(new FeedEvent.Arrived(Here, capture)));
        Assert.True(queue.TryAdd(new FeedEvent.Revoked([0], false)));
        Assert.False(queue.TryAdd(new FeedEvent.SetAside(Here, SetAsideReason.Unparsable)));
        queue.Remove();
        Assert.True(queue.HasRoom);
        Assert.True(queue.TryPeek(out var next) && next is FeedEvent.Revoked);
    }
}
