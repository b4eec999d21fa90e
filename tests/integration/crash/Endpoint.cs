using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>Combined lines whose truth is known. Every line has an address of its own, 10.SOURCE.x.y, so that a lost or doubled one is
/// named.</summary>
internal sealed class TrueLines(int source, Random random, Truth truth)
{
    private static readonly DateTime Day = new(2026, 11, 2, 0, 0, 0, DateTimeKind.Utc);

    private int _next;

    public int Count => _next;

    /// <summary>The next line, with its end.</summary>
    public string Next()
    {
        var number = _next++;
        var at = Day.AddDays(random.Next(3)).AddSeconds(random.Next(86_400));
        var micros = (at - DateTime.UnixEpoch).Ticks / 10;
        var address = $"10.{source}.{number >> 8}.{number & 255}";
        var value = random.Next(65_536).ToString("x4", CultureInfo.InvariantCulture);
        var version = $"2026.1.{number % 7}.{number % 100}";
        var kind = random.Next(10);
        var (request, agent) = kind switch
        {
            < 5 => ("GET /xc/XCUpdates.xml", $"XenCenter/{version} (64-bit)"),
            < 7 => ($"GET /updates.2.tsv?id={value}", "Citrix XenServer AutoUpdate"),
            < 8 => ("GET /updates.2.tsv", "Citrix XenServer AutoUpdate"),
            < 9 => ("GET /.env", "zgrab/0.x"),
            _ => ("HEAD /xc/XCUpdates.xml", "UptimeRobot/2.0"),
        };
        lock (truth)
        {
            truth.Lines++;
            switch (kind)
            {
                case < 5: truth.Rows.Add("xencenter-checks", micros, address, version); break;
                case < 7: truth.Rows.Add("agent-updates", micros, address, value); break;
                case < 8: truth.Rows.Add("agent-updates", micros, address, null); break;
                case < 9: truth.Reject("other-path"); break;
                default: truth.Reject("not-get"); break;
            }
        }
        return $"{address} - - [{at.ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture)} +0000] \"{request} HTTP/1.1\" 200 1 " +
            $"\"-\" \"{agent}\"\n";
    }
}

/// <summary>A web server that logs: it appends, in pieces that may end within a line, renames its log now and then, and compresses the one
/// before.</summary>
internal sealed class WritingServer(string folder, TrueLines lines, Random random)
{
    private string? _rotated;
    private int _generation;

    private string Log => Path.Combine(folder, "access.log");

    public async Task RunAsync(CancellationToken stop)
    {
        var staging = Directory.CreateDirectory(folder + "-staging").FullName;
        var inFile = 0;
        while (!stop.IsCancellationRequested)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => lines.Next()));
            var cut = random.Next(text.Length);
            await File.AppendAllTextAsync(Log, text[..cut], Encoding.ASCII, CancellationToken.None);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20)), TimeProvider.System, CancellationToken.None);
            await File.AppendAllTextAsync(Log, text[cut..], Encoding.ASCII, CancellationToken.None);
            if ((inFile += text.Length) > 30_000)
            {
                inFile = 0;
                Rotate(staging);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(40)), TimeProvider.System, CancellationToken.None);
        }
    }

    private void Rotate(string staging)
    {
        if (_rotated is { } before)
        {
            var staged = Path.Combine(staging, Path.GetFileName(before) + ".gz");
            using (var gzip = new GZipStream(File.Create(staged), CompressionLevel.Fastest))
            {
                gzip.Write(File.ReadAllBytes(before));
            }
            File.Move(staged, before + ".gz");
            File.Delete(before);
        }
        _rotated = $"{Log}.{++_generation}";
        File.Move(Log, _rotated);
    }
}

/// <summary>A client that pushes under a key, the same bytes under the same sequence until they are acknowledged.</summary>
internal sealed class PushingClient(string stream, TrueLines lines, Random random, CrashTotals totals) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Where the program listens now; null while there is none.</summary>
    public Uri? Address { get; set; }

    public long Acknowledged { get; private set; }

    /// <summary>Sends until told to stop; the push that is under way then is sent until it is acknowledged.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => lines.Next())));
            while (!await SendAsync(Acknowledged + 1, body))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
            }
            Acknowledged++;
            totals.Pushed();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(30)), TimeProvider.System, CancellationToken.None);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> SendAsync(long sequence, byte[] body)
    {
        if (Address is not { } address)
        {
            return false;
        }
        try
        {
            using var push = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/v1/lines?source=edge")) { Content =
                new ByteArrayContent(body) };
            push.Content.Headers.ContentType = new("text/plain");
            push.Headers.Add("Idempotency-Key", $"{stream}:{sequence}");
            using var reply = await _http.SendAsync(push);
            // 409 and 422 would say that our own sequence is not the store's: a loss, or a doubling.
            CrashException.Unless(reply.IsSuccessStatusCode || (int)reply.StatusCode is 421 or 429
                or >= 500, $"push {sequence} was answered with {(int)reply.StatusCode}: {await reply.Content.ReadAsStringAsync()}");
            return reply.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return false;
        }
    }
}
