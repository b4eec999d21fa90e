using System.Globalization;
using System.Text;

namespace Pipeline.Tests.Unit.Faults;

/// <summary>A small combined log whose truth is known. Every line has an address of its own, so that a lost or doubled row is
/// named.</summary>
internal sealed class TrueLog
{
    private static readonly DateTime Day = new(2026, 11, 2, 23, 59, 30, DateTimeKind.Utc);

    private readonly List<int> _ends = [0];

    public TrueLog(int lines)
    {
        Lines = lines;
        var text = new StringBuilder();
        for (var i = 0; i < lines; i++)
        {
            var at = Day.AddSeconds(i);
            var micros = (at - DateTime.UnixEpoch).Ticks / 10;
            var address = $"198.18.0.{i}";
            // The agents pause for a while: their links must reach over captures that have none of them.
            var (request, agent) = (i % 4, i is > 6 and < 22) switch
            {
                (0, _) or (1, true) => ("GET /xc/XCUpdates.xml", "XenCenter/2026.1.0.8402 (64-bit)"),
                (1 or 2, false) => ("GET /updates.2.tsv?id=ab12", "Citrix XenServer AutoUpdate"),
                _ => ("GET /.env", "zgrab/0.x"),
            };
            if (agent[0] != 'z')
            {
                Rows.Add(agent[0] == 'X' ? Row("xencenter-checks", micros, address, "2026.1.0.8402")
                    : Row("agent-updates", micros, address, "ab12"));
            }
            text.Append(CultureInfo.InvariantCulture,
                $"{address} - - [{at.ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture)} +0000] \"{request} HTTP/1.1\" 200 " +
                $"1 \"-\" \"{agent}\"\n");
            _ends.Add(text.Length);
        }
        Bytes = Encoding.ASCII.GetBytes(text.ToString());
        Rows.Sort(StringComparer.Ordinal);
    }

    public int Lines { get; }

    public byte[] Bytes { get; }

    /// <summary>What the tables must hold, in ordinal order.</summary>
    public List<string> Rows { get; } = [];

    /// <summary>Where a line begins; of the line after the last, where all end.</summary>
    public int At(int line) => _ends[line];

    public static string Row(string dataset, long micros, string address, string? value) =>
        string.Create(CultureInfo.InvariantCulture, $"{dataset} {micros} {address} {value ?? "-"}");
}
