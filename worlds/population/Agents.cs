namespace Pipeline.Worlds;

/// <summary>
/// Virtual machines with a Management Agent: one request a week, at a fixed minute plus up to four hours. A pool is one administrator's:
/// its
/// machines share address, URL, opt-in, and, when they are clones of one template, the minute. One pool's change of policy makes all of it
/// ask at once.
/// </summary>
internal sealed class Agents(WorldOptions options, List<Request> requests)
{
    public const string Name = "Citrix XenServer AutoUpdate";

    private static readonly string[] Paths =
    [
        "/updates.2.tsv", "/updates.2.tsv", "/updates.2.tsv", "/updates.tsv", "/updates.v2.tsv", "/updates.latest.tsv",
        "/updates.9.3.1.91.json", "/updates.9.3.2.110.json", "/XenServer/updates.9.4.0.146.json", "/Updates.2.TSV",
    ];

    private readonly Random _random = Chance.For(options.Seed, "agents");
    private readonly long _start = Calendar.Micros(options.Start);

    public void Live(AddressBook book)
    {
        var left = (int)(options.Installs * options.VmsPerInstall);
        for (var pool = 0; left > 0; pool++)
        {
            var site = Site.Draw(_random, book, options, left);
            var machines = Math.Min(left, site.Size + _random.Next(0, 12));
            LiveTogether(site, machines, policyChanges: pool % 400 == 7);
            left -= machines;
        }
    }

    private void LiveTogether(Site site, int machines, bool policyChanges)
    {
        var week = 7 * Calendar.Day;
        var path = _random.Pick<string>(Paths);
        var agent = _random.Happens(0.1) ? "" : _random.Happens(0.02) ? "XenServer VM Tools AutoUpdate/9.4" : Name;
        var form = !_random.Happens(0.6) ? IdForm.None : _random.Happens(options.FullUuidShare) ? IdForm.Whole : _random.Happens(0.01)
            ? IdForm.Malformed : IdForm.Short;
        var template = _random.Between(0, week);
        for (var i = 0; i < machines; i++)
        {
            if (_random.Happens(0.4))
            {
                template = _random.Between(0, week);
            }
            var (query, prefix) = Identify(form);
            for (var at = _start - week + template + _random.Between(0, 4 * Calendar.Hour); at < _start
                + options.Days * Calendar.Day; at += week)
            {
                Ask(at);
            }
            if (policyChanges)
            {
                Ask(_start + 3 * Calendar.Day + _random.Between(0, 2 * Calendar.Minute));
            }

            void Ask(long at)
            {
                if (at >= _start && at < _start + options.Days * Calendar.Day)
                {
                    requests.Add(new Request(at, site.Plan.At(at), "GET", path, query, agent, _random.Happens(0.99) ? 200
                        : 503, Outcome.Agent, prefix));
                }
            }
        }
    }

    private enum IdForm { None, Short, Whole, Malformed }

    private (string Query, string? Prefix) Identify(IdForm form)
    {
        var prefix = _random.Hex(4);
        return form switch
        {
            IdForm.Short => ("id=" + (_random.Happens(0.01) ? prefix.ToUpperInvariant() : prefix), prefix),
            IdForm.Whole => ($"id={prefix}{_random.Hex(4)}-{_random.Hex(4)}-4{_random.Hex(3)}-a{_random.Hex(3)}-{_random.Hex(12)}", prefix),
            IdForm.Malformed => ("id=" + _random.Pick("zzzz", prefix[..3], prefix + "0", "{" + prefix + "}"), null),
            _ => ("", null),
        };
    }
}
