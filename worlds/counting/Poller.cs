namespace Pipeline.Worlds.Counting;

/// <summary>A script that asks at an interval of its own, from one address, with one version.</summary>
internal sealed class Poller
{
    private readonly UInt128 _address;
    private readonly long _every;
    private readonly int _version;
    private Dice _dice;
    private long _next;

    public Poller(Dice dice, long start)
    {
        _dice = dice;
        _address = 0xf0000000u | (uint)(_dice.Next() >> 36);
        ReadOnlySpan<int> minutes = [5, 15, 30, 60, 60, 120, 240];
        _every = minutes[_dice.Below(minutes.Length)] * Calendar.Minute;
        _version = _dice.Below(ReleaseCalendar.Before);
        _next = start + _dice.Between(0, _every);
    }

    public void Live(long until, DayLog log)
    {
        for (; _next < until; _next += _every + (long)(_dice.Normal(0, 0.02) * _every))
        {
            log.Extra(new(_next, _address, _version, -1, CheckKind.Poller));
        }
    }
}
