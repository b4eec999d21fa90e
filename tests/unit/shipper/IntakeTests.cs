using CsCheck;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Unit.Captures;

namespace Pipeline.Tests.Unit.Shipper;

/// <summary>Rules 11 and 12.</summary>
public sealed class IntakeTests
{
    private const string Dataset = "agent-updates";

    private static readonly Gen<List<bool>> History = Gen.Bool.List[1, 12];

    [Fact]
    public void Offered_in_any_order_with_gaps_filled_from_the_store_every_frame_is_taken_exactly_once() =>
        Gen.Select(History, Gen.Int[0, 11].List[1, 40]).Sample((history, offers) =>
    {
        var captures = CaptureStore(history);
        ShippedLink? taken = null;
        var took = new List<long>();
        foreach (var index in offers.Append(captures.Count - 1))
        {
            Offer(captures, captures[index % captures.Count], ref taken, took);
        }
        var last = captures.FindLastIndex(c => c.Header.FrameOf(Dataset) is not null);
        if (last >= 0)
        {
            Offer(captures, captures[last], ref taken, took);
        }
        Assert.Equal(captures.Where(c => c.Header.FrameOf(Dataset) is not null).Select(c => c.Link.Number), took);
    });

    [Fact]
    public void Another_history_of_the_same_shard_is_never_taken_on_top_of_ours() => Gen.Select(History, History).Sample((ours, theirs) =>
    {
        var mine = CaptureStore(ours).Where(c => c.Header.FrameOf(Dataset) is not null).ToList();
        if (mine.Count == 0)
        {
            return;
        }
        var taken = ShippedLink.From(mine[^1].Link);
        foreach (var other in CaptureStore(theirs, rows: 5).Where(c => c.Header.FrameOf(Dataset) is not null))
        {
            var decided = Intake.Decide(other.Link, Before(other), taken);
            Assert.NotEqual(IntakeCase.Take, decided);
            if (other.Link.Number == taken.Number)
            {
                Assert.NotEqual(IntakeCase.Have, decided);
            }
        }
    });

    [Fact]
    public void Number_0_is_not_already_had()
    {
        var first = CaptureStore([true])[0];
        Assert.Equal(IntakeCase.Take, Intake.Decide(first.Link, null, null));
        Assert.Equal(IntakeCase.Have, Intake.Decide(first.Link, null, ShippedLink.From(first.Link)));
    }

    [Fact]
    public void Rule_12_a_head_below_what_is_shipped_is_a_fork()
    {
        var captures = CaptureStore([true, true, true]);
        var shipped = ShippedLink.From(captures[1].Link);
        Assert.True(Intake.HeadIsBelow(captures[0].Link, shipped));
        Assert.True(Intake.HeadIsBelow(null, shipped));
        Assert.True(Intake.HeadIsBelow(captures[0].Link with { Number = 1 }, shipped));
        Assert.False(Intake.HeadIsBelow(captures[1].Link, shipped));
        Assert.False(Intake.HeadIsBelow(captures[2].Link, shipped));
        Assert.False(Intake.HeadIsBelow(null, null));
    }

    private static void Offer(List<Capture> captures, Capture capture, ref ShippedLink? taken, List<long> took)
    {
        if (capture.Header.FrameOf(Dataset) is null)
        {
            return;
        }
        switch (Intake.Decide(capture.Link, Before(capture), taken))
        {
            case IntakeCase.Take:
                took.Add(capture.Link.Number);
                taken = ShippedLink.From(capture.Link);
                break;
            case IntakeCase.Gap:
                Offer(captures, captures[(int)Before(capture)!.Value.Number], ref taken, took);
                Offer(captures, capture, ref taken, took);
                break;
            case IntakeCase.Have:
                break;
            default:
                Assert.Fail("one history has no fork");
                break;
        }
    }

    private static Link? Before(Capture capture) => capture.Header.Links.TryGetValue(Dataset, out var link) ? link : null;

    private static List<Capture> CaptureStore(IEnumerable<bool> history, int rows = 1)
    {
        var fixture = new CaptureFixture();
        return [.. history.Select(has => has ? fixture.Next(rows, Dataset) : fixture.Next(rows))];
    }
}
