using CsCheck;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

public sealed class RebaseTests
{
    private static readonly string[] Shards = ["a", "b", "c"], Paths = ["f0", "f1", "f2", "f3"];

    private static readonly Gen<TableCommit> Entry =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Long[0, 4], Gen.Int[0, 3], (what, shard, number, path) => what switch
        {
            0 => Blank with { Kind = CommitKind.Ship, Shipped = new Dictionary<string,
                ShippedLink> { [Shards[shard]] = ShippedLink.From(TableWorld.Capture(Shards[shard], number)) } },
            1 => Blank with { Removed = [new(Paths[path], true, 0)] },
            2 => Blank with { Added = [new($"n{number}", TableWorld.Day, 1, 1, 0, 0)] },
            _ => Blank,
        });

    private static TableCommit Blank => new() { Version = 1, Hash = default };

    [Fact]
    public void Rule_19_no_stale_link_and_no_dead_input_ever_proceeds() =>
        Gen.Select(Entry.Array[0, 6], Entry.Array[0, 6], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Bool)
            .Sample((past, between, shard, path, compact) =>
        {
            var start = Start(Paths);
            var before = past.Aggregate(start, (state, entry) => state.Next(entry));
            var after = between.Aggregate(before, (state, entry) => state.Next(entry));
            // The draft was made over the start or over the state before, as a caller with an old or a new state does.
            var seen = compact ? before : start;
            ShippedLink? read = seen.Shipped.TryGetValue(Shards[shard], out var link) ? link : null;
            var draft = compact
                ? new CommitDraft { Kind = CommitKind.Compact, Reason = "small", Remove = [new(Paths[path], TableWorld.Day, 1, 1, 0, 0)],
                    Add = [TableWorld.File(1)] }
                : new CommitDraft { Kind = CommitKind.Ship, Reason = "age", ReadShipped = new Dictionary<string,
                    ShippedLink?> { [Shards[shard]] = read } };

            var decision = Rebase.Decide(draft, before, between);

            ShippedLink? now = after.Shipped.TryGetValue(Shards[shard], out var current) ? current : null;
            if (compact)
            {
                Assert.Equal(after.Files.ContainsKey(Paths[path]), decision is RebaseDecision.Proceed);
                Assert.Equal(!after.Files.ContainsKey(Paths[path]), decision is RebaseDecision.InputGone);
            }
            else
            {
                Assert.Equal(now == read, decision is RebaseDecision.Proceed);
                Assert.Equal(now != read, decision is RebaseDecision.ShippedMoved { Shards: [var moved] } && moved == Shards[shard]);
            }
        });

    [Fact]
    public void A_change_of_properties_in_between_is_refused()
    {
        var before = Start([]);
        var changed = Blank with { Metadata = before.Metadata with { Configuration = new Dictionary<string, string>() } };

        Assert.IsType<RebaseDecision.Refused>(Rebase.Decide(TableWorld.Ship(before, "a", 0), before, [changed]));
        Assert.IsType<RebaseDecision.Proceed>(Rebase.Decide(TableWorld.Ship(before, "a", 0), before,
            [Blank with { Metadata = before.Metadata }]));
    }

    [Fact]
    public void A_draft_whose_totals_do_not_agree_is_a_fault()
    {
        var good = TableWorld.Ship(Start([]), "a", 3);

        Assert.Null(good.Fault());
        Assert.NotNull((good with { Dates = [] }).Fault());
        Assert.NotNull((good with { Dates = [good.Dates[0] with { Sums = good.Dates[0].Sums with { Hash = 1 } }] }).Fault());
        Assert.NotNull((good with { Add = [TableWorld.File(11)] }).Fault());
        Assert.NotNull((good with { NewShipped = new Dictionary<string, Link> { ["a"] = TableWorld.Capture("a", 4) } }).Fault());
        Assert.NotNull((good with { ReadShipped = new Dictionary<string, ShippedLink?> { ["a"] = new(3, 1) } }).Fault());
        Assert.NotNull((TableWorld.Compact([TableWorld.File(4)]) with { Add = [TableWorld.File(5)] }).Fault());
        Assert.NotNull((TableWorld.Compact([TableWorld.File(4)]) with { Dates = [new(TableWorld.Day, new Sums(4, 0))] }).Fault());
    }

    private static TableState Start(IEnumerable<string> paths) => TableState.Empty.Next(Blank with
    {
        Version = 0,
        Metadata = TableSchema.Metadata("id", TableWorld.Checks, TableWorld.CaptureStore, TableWorld.KeyId, 0),
        Protocol = TableSchema.Protocol,
        Added = [.. paths.Select(path => new SegmentFile(path, TableWorld.Day, 1, 1, 0, 0))],
    });
}
