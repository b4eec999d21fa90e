using System.Globalization;

namespace Pipeline.Worlds;

/// <summary>
/// A simulated week, or more, of clients that check for updates, whose truth is known: XenCenter installs, virtual machines with a
/// Management Agent,
/// and everybody else who asks the same servers. Three web servers share the requests and write them in three formats, some lines bad.
/// </summary>
public sealed class World(WorldOptions options)
{
    /// <summary>The server's local time: its days, and so its files, do not begin at midnight UTC.</summary>
    private static readonly TimeSpan NginxOffset = TimeSpan.FromHours(-5);

    private static readonly double[] Share = [0.4, 0.3, 0.3];

    /// <summary>The three sources' names, which are also the folders that <see cref="WriteLogs"/> makes.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["web-nginx", "web-iis", "web-appservice"];

    public WorldOptions Options { get; } = options.Days >= 1 && options.Installs >= 0 && options.BadLineRate is >= 0 and <= 0.5
        ? options
        : throw new ArgumentException($"found {options}, expected Days ≥ 1, Installs ≥ 0 and BadLineRate from 0 to 0.5", nameof(options));

    /// <summary>Lives the week and writes the servers' logs below <paramref name="directory"/>, which is made; existing files of the same
    /// names are replaced.</summary>
    /// <param name="record">Is given every row that the table must hold, and the source it comes from, as its line is written.</param>
    public WorldTruth WriteLogs(string directory, Action<string, TrueRecord>? record = null)
    {
        // 1 everybody lives, 2 requests come to the servers in order of time, 3 each server writes its files, 4 what was written is the
        // truth.
        var requests = new List<Request>();
        var book = new AddressBook(Chance.For(Options.Seed, "addresses"));
        var xenCenters = new XenCenters(Options, requests);
        xenCenters.Live(book);
        new Agents(Options, requests).Live(book);
        new Others(Options, requests).Live(book);

        var shares = Balance(requests);

        var (ledger, total) = (new CheckLedger(), new Tally("*", "*"));
        var sources = new List<SourceTruth>();
        foreach (var (server, share) in Servers().Zip(shares))
        {
            var tally = new Tally(server.Source, server.Format.Name);
            server.WriteLogs(directory, share, Options, tally, request =>
            {
                total.Add(request);
                ledger.Add(request);
                if (request.Outcome.IsRecord())
                {
                    record?.Invoke(server.Source, new TrueRecord(request.Outcome.Code(), request.Micros, request.Address.Text,
                        request.Value));
                }
            });
            total.Files.AddRange(tally.Files);
            sources.Add(tally.Truth());
        }

        return new WorldTruth(
            Options.Seed,
            Options.Days,
            Options.Start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ledger.Installs(Options.Installs, xenCenters.Never, xenCenters.Nameless),
            total.Truth() with { Counts = sources.Select(source => source.Counts).Aggregate((a, b) => a + b) },
            sources,
            ledger.Facts());
    }

    /// <summary>Which server answers is the load balancer's matter: one client's requests are spread over all of them.</summary>
    private List<Request>[] Balance(List<Request> requests)
    {
        var random = Chance.For(Options.Seed, "balancer");
        var shares = Sources.Select(_ => new List<Request>()).ToArray();
        foreach (var request in requests)
        {
            shares[random.Weighted(Share)].Add(request);
        }
        // A stable order, so that equal instants do not depend on the sort.
        return [.. shares.Select(share => share.Select((request, i) => (request, i)).OrderBy(pair => pair.request.Micros)
            .ThenBy(pair => pair.i).Select(pair => pair.request).ToList())];
    }

    private WebServer[] Servers() =>
    [
        new(Sources[0], new CombinedFormat(NginxOffset), micros => "access.log@"
            + Name(micros + (long)NginxOffset.TotalMicroseconds, "yyyy-MM-dd")),
        new(Sources[1], new W3cFormat(), micros => Name(micros, "'u_ex'yyMMdd'.log'")),
        new(Sources[2], new AppServiceFormat(Chance.For(Options.Seed, "appservice")), micros =>
            Name(micros, Options.HourlyFiles ? "'y='yyyy'/m='MM'/d='dd'/h='HH'/m=00/PT1H.json'" : "'http-'yyyy-MM-dd'.json'")),
    ];

    private static string Name(long micros, string format) => Calendar.At(micros).ToString(format, CultureInfo.InvariantCulture);
}
