using Pipeline.Core.Captures;
using Pipeline.Ingest.Redrive;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Growth;

/// <summary>What a redrive reads of a shard that has a long past.</summary>
public sealed class RedriveReadsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_redrive_reads_whole_only_the_captures_that_have_its_rejections()
    {
        var world = new StoredWorld();
        for (var n = 0; n < 60; n++)
        {
            await world.CaptureAsync("web", StoredWorld.Rows(50, n), empty: n is 7 or 41 ? 3 : 0);
        }
        var counted = new FaultyStore(world.Us);
        var captures = new CaptureStore(counted, StoredWorld.StoreId, world.Key.Captures());
        var state = await world.Captures.FoldAsync("web", Cancel);

        var found = await RejectedReads.OfAsync(captures, state, "web", "empty", _ => { }, Cancel);

        Assert.Equal([7L, 41], found.Select(read => read.Of.Capture));
        Assert.Equal(6, found.Sum(read => read.Lines));
        Assert.Equal([CaptureNames.Capture("web", 7), CaptureNames.Capture("web", 41)],
            counted.Operations.Where(operation => operation.Verb == StoreVerb.Read).Select(operation => operation.Name));

        var before = counted.Count;
        Assert.Empty(await RejectedReads.OfAsync(captures, state, "web", "malformed", _ => { }, Cancel));
        Assert.Equal(before, counted.Count);
    }
}
