using System.Globalization;
using System.Text;

namespace Pipeline.Tests.Simulation;

/// <summary>
/// Combined lines whose truth is known. Every record has an address of its own, 10.SOURCE.LINE, so that a lost or doubled row is named by
/// its line.
/// </summary>
internal sealed class TrueLines
{
    public const string XenCenter = "xencenter-checks", Agent = "agent-updates";

    private readonly List<int> _ends = [0];
    private readonly List<byte> _bytes = [];
    private readonly List<int> _begins = [];

    /// <param name="source">The second part of every address: tells whose row it is.</param>
    /// <param name="quiet">A dataset is left out for stretches this long, in lines; 0: never.</param>
    public TrueLines(int source, int first, int lines, Random random, int quiet)
    {
        Source = source;
        for (var i = 0; i < lines; i++)
        {
            var without = quiet > 0 && (first + i) / quiet % 2 == 1;
            Add(random.Next(100), without, first + i, random);
            _ends.Add(_bytes.Count);
        }
        Bytes = [.. _bytes];
    }

    public int Source { get; }

    public byte[] Bytes { get; }

    public int Lines => _ends.Count - 1;

    /// <summary>The rows that the lines must become, as <see cref="Row"/> writes them, with their dataset.</summary>
    public List<(string Dataset, string Row)> Records { get; } = [];

    public SortedDictionary<string, long> Rejected { get; } = new(StringComparer.Ordinal);

    /// <summary>The records of the lines that begin at a byte from <paramref name="from"/> on, and before <paramref name="to"/>.</summary>
    public IEnumerable<(string Dataset, string Row)> Between(long from, long to) =>
        Records.Where((_, i) => _begins[i] >= from && _begins[i] < to);

    /// <summary>Where line <paramref name="line"/> begins; of the line after the last, where all end.</summary>
    public int At(int line) => _ends[line];

    public static string Row(long micros, string address, string? value) =>
        string.Create(CultureInfo.InvariantCulture, $"{micros} {address} {value ?? "-"}");

    /// <summary>Whose row it is.</summary>
    public static int SourceOf(string row)
    {
        var from = row.IndexOf('.', StringComparison.Ordinal) + 1;
        return int.Parse(row.AsSpan(from, row.IndexOf('.', from) - from), CultureInfo.InvariantCulture);
    }

    private void Add(int kind, bool onlyAgents, int line, Random random)
    {
        var second = new DateTime(2026, 11, 2, 0, 0, 0, DateTimeKind.Utc).AddDays(random.Next(3)).AddSeconds(random.Next(86_400));
        var micros = (second - DateTime.UnixEpoch).Ticks / 10;
        var address = $"10.{Source}.{line >> 8}.{line & 255}";
        var version = $"2024.{random.Next(9)}.0.{random.Next(99)}";
        var prefix = random.Next(65_536).ToString("x4", CultureInfo.InvariantCulture);
        var (request, agent) = kind switch
        {
            < 50 when !onlyAgents => ("GET /xc/XCUpdates.xml", $"XenCenter/{version} (64-bit)"),
            < 75 => ($"GET /updates.2.tsv?id={prefix}", "Citrix XenServer AutoUpdate"),
            < 85 => ("GET /updates.2.tsv", "Citrix XenServer AutoUpdate"),
            < 88 => ("GET /.env", "zgrab/0.x"),
            < 91 => ("HEAD /xc/XCUpdates.xml", "UptimeRobot/2.0"),
            < 94 => ("GET /xc/XCUpdates.xml", "-"),
            < 97 => ("GET /xc/XCUpdates.xml", "XenCenter/8.2 (64-bit)"),
            _ => ("", ""),
        };
        if (request.Length == 0)
        {
            Reject("empty");
            Put("\n");
            return;
        }
        var records = Records.Count;
        switch (kind)
        {
            case < 50 when !onlyAgents: Records.Add((XenCenter, Row(micros, address, version))); break;
            case < 75: Records.Add((Agent, Row(micros, address, prefix))); break;
            case < 85: Records.Add((Agent, Row(micros, address, null))); break;
            case < 88: Reject("other-path"); break;
            case < 91: Reject("not-get"); break;
            case < 94: Reject("no-agent-string"); break;
            default: Reject("bad-version"); break;
        }
        _begins.AddRange(Enumerable.Repeat(_bytes.Count, Records.Count - records));
        Put($"{address} - - [{second.ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture)} +0000] \"{request} HTTP/1.1\" 200 " +
            $"1 \"-\" \"{agent}\"\n");
    }

    private void Reject(string reason) => Rejected[reason] = Rejected.GetValueOrDefault(reason) + 1;

    private void Put(string text) => _bytes.AddRange(Encoding.ASCII.GetBytes(text));
}
