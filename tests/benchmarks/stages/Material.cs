using System.Net;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>Lines cut as ingest cuts them: blocks of whole lines of at most 1 MiB.</summary>
internal sealed record Blocks(ILineFormat Format, IReadOnlyList<(ReadOnlyMemory<byte> Lines, string? Fields)> Each, long Lines, long Bytes)
{
    public const int Seed = 4;

    /// <summary>`combined` lines of one day, of the generator that the whole way reads.</summary>
    public static Blocks Combined(int lines)
    {
        return Of("combined", lines);
    }

    /// <summary>A log_format as operators write them: `combined`, the forwarded addresses, and how long it took.</summary>
    public const string Nginx =
        "nginx:$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" " +
        "\"$http_x_forwarded_for\" rt=$request_time";

    /// <summary>All peers are proxies, and so is the last of each list.</summary>
    public static ClientAddressRule Proxied { get; } = new("$http_x_forwarded_for",
        [IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("2001:db8::/32")], false);

    public static Blocks Of(string format, int lines, ClientAddressRule? client = null)
    {
        if (format is "combined" or "common" or Nginx)
        {
            using var text = new MemoryStream(lines * 170);
            var truth = CombinedLog.Write(text, lines, Seed, days: 1);
            var bytes = text.GetBuffer().AsMemory(0, (int)text.Length);
            return Cut(format, format == "combined" ? bytes : Rewritten(bytes.Span, format == "common"), truth.Counts.Lines, client);
        }
        if (format is "frontdoor" or "storage-read" or JsonMaterial.Ndjson)
        {
            return Cut(format, JsonMaterial.Of(format, lines), lines, client);
        }
        var batch = new LineSource(format, Seed).NextLines(lines);
        return Cut(format, batch.Bytes, batch.Counts.Lines);
    }

    /// <summary>`combined` lines of which one in a hundred is a record.</summary>
    /// <param name="unknown">Of a hundred of the others, how many are of no population that is known.</param>
    public static Blocks Foreign(int lines, int unknown)
    {
        string[] paths = ["/", "/favicon.ico", "/robots.txt", "/.env", "/wp-login.php", "/.git/config", "/cgi-bin/luci/;stok=/locale",
            "/xc/XenCenter.msi", "/healthz", "/xenserver/updates.xml"];
        string[] agents =
        [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "zgrab/0.x", "-", "curl/8.5.0", "node", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
                "python-requests/2.31.0",
        ];
        var random = new Random(Seed);
        var text = new System.Text.StringBuilder();
        for (var line = 0; line < lines; line++)
        {
            var (path, agent) = line % 100 == 0 ? ("/xc/XCUpdates.xml", "XenCenter/2025.2.0.8315 (64-bit)")
                : random.Next(100) >= unknown ? (paths[random.Next(paths.Length)], agents[random.Next(agents.Length)])
                : random.Next(2) == 0 ? ($"/images/{random.Next(1_000_000):x}/page-{random.Next(90)}.html",
                    agents[random.Next(agents.Length)])
                : ("/xenserver/updates.xml", $"Acme Inventory/{random.Next(9)}.{random.Next(20)} (build {random.Next(100_000):x}; fleet)");
            text.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"198.51.100.{random.Next(256)} - - [02/Nov/2026:10:{line / 1_700:00}:{line % 60:00} +0000] \"GET {path} HTTP/1.1\" 404 " +
                $"{random.Next(90_000)} \"-\" \"{agent}\"\n");
        }
        return Cut("combined", System.Text.Encoding.ASCII.GetBytes(text.ToString()), lines);
    }

    /// <summary>The rows of both datasets, a pair of columns for each block.</summary>
    public IReadOnlyList<ParsedLines> Parse() => [.. Each.Select(block =>
    {
        var parsed = new ParsedLines(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates);
        Format.Parse(block.Lines.Span, block.Fields, parsed);
        return parsed;
    })];

    public static IEnumerable<Columns> Columns(IEnumerable<ParsedLines> parsed) =>
        parsed.SelectMany(p => new[] { p.XenCenter, p.Agent }).Where(c => c.Rows > 0);

    /// <summary>Lines of `combined` with less, or with more, at their end.</summary>
    private static byte[] Rewritten(ReadOnlySpan<byte> text, bool common)
    {
        using var to = new MemoryStream(text.Length * 2);
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            var tail = common ? line.IndexOf(" \"-\" \""u8) : line.Length;
            to.Write(line[..(tail < 0 ? line.Length : tail)]);
            to.Write(common || line.IsEmpty ? default : " \"203.0.113.9, 198.18.2.3\" rt=0.004"u8);
            if (range.End.Value < text.Length)
            {
                to.WriteByte((byte)'\n');
            }
        }
        return to.ToArray();
    }

    private static Blocks Cut(string name, ReadOnlyMemory<byte> text, long lines, ClientAddressRule? client = null)
    {
        var format = LogFormats.Named(name, client);
        var blocks = new List<(ReadOnlyMemory<byte>, string?)>();
        string? fields = null;
        var bytes = text.Length;
        while (!text.IsEmpty)
        {
            var end = text.Length <= SourceBlock.MaxBytes ? text.Length : text.Span[..SourceBlock.MaxBytes].LastIndexOf((byte)'\n') + 1;
            blocks.Add((text[..end], fields));
            fields = format.FieldsAfter(text.Span[..end], fields);
            text = text[end..];
        }
        return new Blocks(format, blocks, lines, bytes);
    }
}
