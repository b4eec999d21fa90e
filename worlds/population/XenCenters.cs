namespace Pipeline.Worlds;

/// <summary>
/// The installs: one check when a XenCenter opens, another exactly 24 hours later for as long as it stays open, and now and then one by
/// hand.
/// Those who also ask about servers make a second request a moment later.
/// </summary>
internal sealed class XenCenters(WorldOptions options, List<Request> requests)
{
    private readonly Random _random = Chance.For(options.Seed, "xencenters");
    private readonly long _start = Calendar.Micros(options.Start);
    private readonly long _end = Calendar.Micros(options.Start) + options.Days * Calendar.Day;

    public int Never { get; private set; }

    public int Nameless { get; private set; }

    public void Live(AddressBook book)
    {
        for (var number = 0; number < options.Installs;)
        {
            var site = Site.Draw(_random, book, options, options.Installs - number);
            var common = Release.Draw(_random);
            for (var i = 0; i < site.Size; i++)
            {
                // A site keeps its consoles alike, mostly.
                LiveOne(number++, site, _random.Happens(0.7) ? common : Release.Draw(_random));
            }
        }
    }

    private void LiveOne(int number, Site site, Release release)
    {
        if (_random.Happens(0.08))
        {
            Never++;
            return;
        }
        Nameless += release == Release.Nameless ? 1 : 0;
        var install = new Install(
            number,
            site,
            release,
            _random.Happens(0.95) ? 64 : 32,
            _random.Happens(0.004) ? "[XenCenter]" : "XenCenter",
            release.AsksServers && _random.Happens(0.2),
            _random.Happens(0.02) ? "stage=" + _random.Hex(8) : "",
            // A release comes out at noon of the third day; some of the newest upgrade at their next start.
            release == Release.All[0] && _random.Happens(0.3) ? _start + 2 * Calendar.Day + Calendar.Day / 2
                + _random.Between(0, 4 * Calendar.Day) : long.MaxValue);
        var openUntil = long.MinValue;
        if (_random.Happens(0.12))
        {
            openUntil = _end;
            Open(install, _start + _random.Between(0, Calendar.Day), openUntil);
        }
        for (var day = -1; day <= options.Days; day++)
        {
            var local = _start + day * Calendar.Day;
            var weekend = Calendar.At(local).DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
            var from = local + (long)(_random.Normal(8.75, 0.75) * Calendar.Hour) - site.Zone;
            if (_random.Happens(weekend ? 0.05 : 0.6) && from > openUntil)
            {
                openUntil = from + (long)(_random.Happens(0.85) ? _random.Between(3, 10) * Calendar.Hour
                    : _random.Between(1, 4) * Calendar.Day + Calendar.Hour);
                Open(install, from, openUntil);
            }
            if (_random.Happens(0.02))
            {
                Check(install, local + _random.Between(9, 17) * Calendar.Hour
                    + _random.Between(0, Calendar.Hour) - site.Zone, byHand: true);
            }
        }
    }

    private void Open(Install install, long from, long until)
    {
        for (var at = from; at < until; at += Calendar.Day)
        {
            Check(install, at + _random.Between(0, Calendar.Second / 4), byHand: false);
        }
    }

    private void Check(Install install, long at, bool byHand)
    {
        if (at < _start || at >= _end - Calendar.Minute)
        {
            return;
        }
        var version = at >= install.UpgradeAt ? Release.New : install.Release.Version;
        var nameless = install.Release == Release.Nameless;
        // Some sites rewrite paths; the file's name is what counts, in any case.
        var path = install.Number % 97 == 0 ? install.Release.Path.ToUpperInvariant() : install.Number % 53 == 0 ? "/mirror/a"
            + install.Release.Path : install.Release.Path;
        var request = new Request(
            at,
            install.Site.Plan.At(at),
            "GET",
            path,
            nameless ? "" : install.Query,
            nameless ? "" : $"{install.Product}/{version} ({install.Bits}-bit)",
            _random.Happens(0.985) ? 200 : _random.Pick(404, 503, 304),
            nameless ? Outcome.NoAgentString : Outcome.XenCenter,
            nameless ? null : version,
            install.Number)
        { Protocol = nameless ? "HTTP/1.0" : "HTTP/1.1" };
        requests.Add(request);
        if (install.AsksServers || (byHand && install.Release.AsksServers))
        {
            var then = at + _random.Between(Calendar.Second / 10, 2 * Calendar.Second);
            requests.Add(request with { Micros = then, Path = Release.Servers, Query = "", Address = install.Site.Plan.At(then) });
        }
    }

    private sealed record Install(int Number, Site Site, Release Release, int Bits, string Product, bool AsksServers, string Query,
        long UpgradeAt);
}
