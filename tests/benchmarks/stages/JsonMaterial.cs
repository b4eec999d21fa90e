using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>The lines of the sample logs, over and over.</summary>
internal static class JsonMaterial
{
    public const string Ndjson = "ndjson:time=ts,client_ip=remote_ip,method=request.method,uri=request.uri,agent=request.user_agent";

    public static byte[] Of(string format, int lines)
    {
        var sample = File.ReadAllLines(Sample(format == "frontdoor" ? "frontdoor.log" : "storageread.log"));
        if (format == Ndjson)
        {
            sample = [.. sample.Where(line => line.StartsWith('{')).Select(Rewritten)];
        }
        using var to = new MemoryStream(lines * 700);
        using (var writer = new StreamWriter(to, leaveOpen: true) { NewLine = "\n" })
        {
            for (var i = 0; i < lines; i++)
            {
                writer.WriteLine(sample[i % sample.Length]);
            }
        }
        return to.ToArray();
    }

    /// <summary>A row as a web server's logger writes it.</summary>
    private static string Rewritten(string line)
    {
        using var document = JsonDocument.Parse(line);
        var row = document.RootElement;
        string Text(string name) => row.GetProperty(name).GetString()!;
        return JsonSerializer.Serialize(new
        {
            level = "info",
            ts = Text("time"),
            logger = "http.log.access",
            msg = "handled request",
            remote_ip = Text("callerIpAddress").Split(':')[0],
            request = new { proto = "HTTP/2.0", method = Text("operationName") == "GetBlob" ? "GET"
                : "POST", host = "updates.example.net", uri = new Uri(Text("uri")).PathAndQuery,
                user_agent = row.GetProperty("properties").GetProperty("userAgentHeader").GetString() },
            duration = 0.035,
            size = 164,
            status = 200,
        });
    }

    private static string Sample(string file, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "samples", file);
}
