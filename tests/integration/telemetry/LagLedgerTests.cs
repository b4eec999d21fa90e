using Pipeline.Cli.Telemetry;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Integration.Telemetry;

public sealed class LagLedgerTests
{
    private readonly SimulatedTime _time = new();
    private readonly LagLedger _ledger;

    public LagLedgerTests() => _ledger = new LagLedger(_time);

    [Fact]
    public void Lag_is_since_the_oldest_unshipped_capture_was_known_and_a_commit_ends_it()
    {
        Saw(3, 100);
        _time.Advance(TimeSpan.FromSeconds(7));
        Saw(5, 20);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(new Lag("s", "d", 6, 120, 9), Lag(null));
        // Whoever shipped it.
        Assert.Equal(new Lag("s", "d", 2, 20, 2), Lag(3));
        Assert.Equal([9.0, 2.0], Ship(5));
        Assert.Equal(new Lag("s", "d", 0, 0, 0), Lag(5));
    }

    [Fact]
    public void A_capture_that_is_seen_again_or_after_it_was_shipped_counts_once()
    {
        Saw(3, 100);
        Saw(3, 100);
        Assert.Equal(100, Lag(null).Records);
        Assert.Single(Ship(3));
        Saw(3, 100);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(new Lag("s", "d", 0, 0, 0), Lag(3));
        Assert.Empty(Ship(3));
    }

    [Fact]
    public void What_came_before_a_head_that_was_seen_is_as_old_as_the_head_and_brings_its_records()
    {
        Saw(9, 0);
        _time.Advance(TimeSpan.FromSeconds(30));
        Saw(8, 40);
        Saw(9, 50);
        Assert.Equal(new Lag("s", "d", 3, 90, 30), Lag(6));
    }

    [Fact]
    public void Any_number_of_captures_takes_a_bounded_place_and_no_lag_is_told_too_small()
    {
        for (var n = 0; n < 10_000; n++)
        {
            Saw(n, 1);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(new Lag("s", "d", 10_000, 10_000, 10_000), Lag(null));
        var lag = Lag(8_000);
        Assert.Equal(1_999, lag.Captures);
        Assert.InRange(lag.Records, 1_999, 10_000);
        Assert.InRange(lag.Seconds, 1_999, 10_000);
        Assert.InRange(Ship(9_999).Count, 1, LagLedger.MaxEntries);
    }

    [Fact]
    public void The_first_unshipped_capture_of_a_shard_that_was_there_before_is_as_old_as_the_store_says()
    {
        _ledger.Saw("s", "d", 4, 10, null, fresh: false);
        _ledger.Saw("s", "d", 5, 10, null, fresh: false);
        Assert.True(_ledger.TryNextUnaged(out var capture));
        Assert.Equal(("s", "d", 4L), capture);
        Assert.False(_ledger.TryNextUnaged(out _));
        _ledger.Age("s", "d", 4, TimeSpan.FromHours(2));
        Assert.Equal(7_200, Lag(null).Seconds);
        // By a store whose clock is ahead: not younger than known.
        _ledger.Age("s", "d", 4, TimeSpan.FromHours(-2));
        Assert.Equal(7_200, Lag(null).Seconds);
    }

    private void Saw(long number, long records) => _ledger.Saw("s", "d", number, records, null, fresh: true);

    private Lag Lag(long? shipped) => Assert.Single(_ledger.Read((_, _) => shipped is { } n ? new ShippedLink(n, 0) : null));

    private IReadOnlyList<double> Ship(long number) => _ledger.Ship("d", new Dictionary<string,
        Link> { ["s"] = new Link(number, default) });
}
