using Pipeline.Core.Table;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Compaction;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Growth;

/// <summary>Footers of a commit of many shards and dates.</summary>
public sealed class SegmentFooterTests
{
    private const int Shards = 60, Dates = 20;

    [Fact]
    public async Task Rule_23_A_seal_of_many_shards_and_dates_writes_short_footers_and_each_still_proves_that_it_is_void()
    {
        var world = new StoredWorld();
        for (var shard = 0; shard < Shards; shard++)
        {
            await world.CaptureAsync($"web-{shard:d2}",
                [.. Enumerable.Range(0, Dates).Select(day => StoredWorld.Rows(1, shard, day)[0])]);
        }
        await world.ShipAsync();
        var state = (await world.TableAsync())!;
        Assert.Equal((Dates, 1L), (state.Files.Count, state.Version));
        foreach (var file in state.Files.Values)
        {
            var reader = (await SegmentReader.OpenAsync(world.Uk, TableNames.Segment(StoredWorld.Checks.Dataset, file.Path),
                StoredWorld.Checks, cancel: TestContext.Current.CancellationToken))!;
            Assert.Equal(SegmentLabel.MostRanges, reader.Label!.Shards.Count);
            Assert.InRange(reader.Label.Encode().Length, 1, 700);
            // Had its commit not landed and another had: shipped is in its ranges.
            Assert.NotNull(OrphanProof.Of(reader.Label, state));
        }
        Assert.Equal(Shards, state.Shipped.Count);
    }
}
