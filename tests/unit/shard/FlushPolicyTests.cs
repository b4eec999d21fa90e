using Pipeline.Ingest.Shard;

namespace Pipeline.Tests.Unit.Shard;

public sealed class FlushPolicyTests
{
    [Fact]
    public void Without_a_limit_nothing_waits() => Assert.Equal(TimeSpan.Zero,
        FlushPolicy.Unlimited.Decide(0, TimeSpan.Zero, full: false).Wait);

    [Fact]
    public void Over_a_day_the_puts_stay_within_the_stated_number_and_the_burst()
    {
        var policy = new FlushPolicy(PutsPerDay: 8_640, Burst: 60);
        var (permits, at, puts) = (60.0, TimeSpan.Zero, 0);
        for (var last = TimeSpan.Zero; at < TimeSpan.FromDays(1); last = at)
        {
            // Lines come all the time: as soon as one flush is done, the next is wanted 10 ms later.
            at += TimeSpan.FromMilliseconds(10);
            var (wait, now) = policy.Decide(permits, at - last, full: false);
            at += wait;
            permits = wait > TimeSpan.Zero ? 0 : now - 1;
            puts++;
        }
        Assert.InRange(puts, 8_600, 8_640 + 60 + 1);
    }

    [Fact]
    public void A_full_capture_never_waits() => Assert.Equal(TimeSpan.Zero,
        new FlushPolicy(PutsPerDay: 8_640).Decide(0, TimeSpan.Zero, full: true).Wait);
}
