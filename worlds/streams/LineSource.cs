namespace Pipeline.Worlds;

/// <summary>Some lines and their truth.</summary>
/// <param name="Bytes">Whole lines, each with its line end; directives, where the format has them, are not among the counted lines.</param>
/// <param name="Records">The rows that the lines must become, in order.</param>
public sealed record LineBatch(byte[] Bytes, Counts Counts, IReadOnlyList<TrueRecord> Records);

/// <summary>An endless, deterministic iterator of lines of one format, for tests of tails and pushes. The same arguments and calls give the
/// same bytes.</summary>
public sealed class LineSource
{
    private readonly Random _random;
    private readonly LineFormat _format;
    private readonly Scribe _scribe;
    private readonly ClientAddress[] _clients;
    private long _now;
    private bool _header = true;

    /// <param name="format">`combined`, `iis-w3c` or `appservice-json`.</param>
    /// <param name="clients">How many addresses there are, one in eight of them IPv6.</param>
    public LineSource(string format, int seed, double badLineRate = 0.001, int clients = 2000, DateOnly? start = null)
    {
        _random = Chance.For(seed, "lines");
        _format = LineFormat.Named(format, Chance.For(seed, "shape"));
        _scribe = new Scribe(_format, badLineRate, Chance.For(seed, "scribe"));
        _now = Calendar.Micros(start ?? new DateOnly(2026, 11, 2));
        var book = new AddressBook(_random);
        _clients = [.. Enumerable.Range(0, clients).Select(i => i % 8 == 0 ? book.V6(book.V6Network()) : book.V4())];
    }

    /// <summary>The next batch begins with the format's directives, as a new file does. So does the first.</summary>
    public void NewFile() => _header = true;

    /// <summary>Exactly <paramref name="count"/> lines, about one a second of the log's time.</summary>
    public LineBatch NextLines(int count)
    {
        _scribe.Buffer.Length = 0;
        if (_header)
        {
            _scribe.Buffer.Put(_format.Header(_now));
            _header = false;
        }
        var byOutcome = new long[Enum.GetValues<Outcome>().Length];
        var records = new List<TrueRecord>(count);
        for (var i = 0; i < count; i++)
        {
            if (!_scribe.Junk(out var outcome))
            {
                var written = _scribe.Write(Next());
                outcome = written.Outcome;
                if (outcome.IsRecord())
                {
                    records.Add(new TrueRecord(outcome.Code(), written.Micros, written.Address.Text, written.Value));
                }
            }
            byOutcome[(int)outcome]++;
        }
        return new LineBatch(_scribe.Buffer.Written.ToArray(), Counts.Of(byOutcome), records);
    }

    private Request Next()
    {
        _now += _random.Between(0, 2 * Calendar.Second);
        var from = _clients[Math.Min(_random.Next(_clients.Length), _random.Next(_clients.Length))];
        var kind = _random.NextDouble();
        if (kind < 0.6)
        {
            var version = Release.All[_random.Next(Release.All.Length - 1)];
            return new Request(_now, from, "GET", version.Path, "",
                $"XenCenter/{version.Version} ({(_random.Happens(0.95) ? 64 : 32)}-bit)", 200, Outcome.XenCenter, version.Version);
        }
        if (kind < 0.96)
        {
            var prefix = _random.Happens(0.6) ? _random.Hex(4) : null;
            var whole = prefix is not null && _random.Happens(0.1)
                ? $"{_random.Hex(4)}-{_random.Hex(4)}-4{_random.Hex(3)}-a{_random.Hex(3)}-{_random.Hex(12)}" : "";
            return new Request(_now, from, "GET", "/updates.2.tsv", prefix is null ? ""
                : $"id={prefix}{whole}", Agents.Name, 200, Outcome.Agent, prefix);
        }
        return Others.Any(_random, _now, from);
    }
}
