using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Formats.W3c;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A shard over a store in memory that can fail, and the endpoint before it, on a port of its own.</summary>
internal sealed class PushRig : IAsyncDisposable
{
    public const string Line =
        "198.18.0.7 - - [02/Nov/2026:00:01:58 +0000] \"GET /updates.2.tsv HTTP/1.1\" 200 13106 \"-\" \"Citrix XenServer AutoUpdate\"\n";

    private readonly BlockEncoder _encoder;
    private readonly CancellationTokenSource _abandon = new();
    private Task _running = Task.CompletedTask;

    private PushRig(MemoryStore memory, InstallationKey key, PushEndpointOptions options, ColdPolicy? cold)
    {
        (Memory, Key) = (memory, key);
        Store = new FaultyStore(memory);
        Captures = new CaptureStore(Store, "store", key.Captures());
        _encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, key.RowKey());
        Shard = new ShardLoop("s1", Captures, _encoder, new StoreRetry(TimeProvider.System), Workers.Pool,
            new ShardOptions { Cold = cold ?? new() });
        _time = new WaitingTime(options.AcknowledgeWithin);
        var url = options.CertificateFile is null ? "http://127.0.0.1:0" : options.Url;
        Endpoint = new PushEndpoint(options with { Url = url, Warn = Warnings.Add }, key, _time);
    }

    private readonly WaitingTime _time;

    public MemoryStore Memory { get; }
    public InstallationKey Key { get; }
    public FaultyStore Store { get; }
    public CaptureStore Captures { get; }
    public ShardLoop Shard { get; }
    public PushEndpoint Endpoint { get; }
    public HttpClient Client { get; } = new();
    public List<string> Warnings { get; } = [];
    public bool Fenced => Shard.Fault is FencedException;

    /// <summary>Pushes that ever waited for their capture to be durable.</summary>
    public int Waited => _time.Waits;

    public static async Task<PushRig> StartAsync(MemoryStore? memory = null, InstallationKey? key = null,
        PushEndpointOptions? options = null, string? token = null, bool open = true, Func<PushSource, PushSource>? with = null,
        ColdPolicy? cold = null)
    {
        var rig = new PushRig(memory ?? new MemoryStore(), key ?? InstallationKey.New(), options ?? new(), cold);
        await rig.Endpoint.StartAsync();
        rig.Client.BaseAddress = rig.Endpoint.Address;
        if (open)
        {
            await rig.OpenAsync(token, with);
        }
        return rig;
    }

    public async Task OpenAsync(string? token = null, Func<PushSource, PushSource>? with = null)
    {
        await Shard.ClaimAsync(["web", "loose", "json", "w3c", "columns"], default);
        var hash = token is null ? null : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        PushSource[] sources =
        [
            PushSource.Of(Shard, "web", new CombinedFormat()) with { Tokens = hash is null ? [] : [hash] },
            PushSource.Of(Shard, "loose", new CombinedFormat(), PushDelivery.AtLeastOnce),
            PushSource.Of(Shard, "json", new AppServiceJsonFormat(), PushDelivery.AtLeastOnce),
            PushSource.Of(Shard, "w3c", new W3cFormat(), PushDelivery.AtLeastOnce) with { Tokens = token is null ? []
                : [new string('0', 64)] },
            PushSource.Of(Shard, "columns", new W3cFormat(), PushDelivery.AtLeastOnce) with { Fields =
                "date time c-ip cs-method cs-uri-stem cs-uri-query cs(User-Agent)" },
        ];
        Endpoint.Open(sources.Select(with ?? (source => source)));
        _running = Shard.RunAsync(_abandon.Token);
    }

    public Task<Answer> PushAsync(string key, string body, string source = "web") =>
        SendAsync(Request(key, Encoding.UTF8.GetBytes(body), source));

    /// <summary>Sends the same push until it is answered otherwise than "try again".</summary>
    public async Task<Answer> PushUntilTakenAsync(string key, string body)
    {
        Answer answer;
        do
        {
            answer = await PushAsync(key, body);
        }
        while (answer.Status == 503);
        return answer;
    }

    /// <summary>The store answers again, also what begins to hang only now, until the task has ended.</summary>
    public async Task<T> AnswerAgainAsync<T>(Task<T> task)
    {
        Store.Plan = _ => Fault.None;
        while (!task.IsCompleted)
        {
            Store.Release();
            await Task.Yield();
        }
        return await task;
    }

    /// <summary>The endpoint's clock goes on by so much at once.</summary>
    public void Advance(TimeSpan by) => _time.Advance(by);

    /// <summary>The system's time, which counts who begins to wait for so long.</summary>
    private sealed class WaitingTime(TimeSpan counted) : TimeProvider
    {
        private int _waits;
        private long _ahead;

        /// <summary>Nothing that waits notices.</summary>
        public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, (long)(by.TotalSeconds * TimestampFrequency));

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _ahead);

        public int Waits => Volatile.Read(ref _waits);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == counted)
            {
                Interlocked.Increment(ref _waits);
            }
            return System.CreateTimer(callback, state, dueTime, period);
        }
    }

    public static HttpRequestMessage Request(string? key, byte[] body, string source = "web", string type = "text/plain",
        string? encoding = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/lines?source={source}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }
        return request;
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using var response = await Client.SendAsync(request);
        return new Answer((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement,
            response.Headers.RetryAfter?.Delta);
    }

    /// <summary>All reads of pushes that captures hold, in order.</summary>
    public async Task<IReadOnlyList<ReadEntry>> ReadsAsync()
    {
        var captures = new CaptureStore(Memory, "store", Key.Captures());
        var reads = new List<ReadEntry>();
        for (var number = 0L; await captures.ReadAsync("s1", number) is { } capture; number++)
        {
            reads.AddRange(capture.Header.Reads);
        }
        return reads;
    }

    /// <summary>Another process claims the shard.</summary>
    public Task UsurpAsync() =>
        new ShardLoop("s1", new CaptureStore(Memory, "store", Key.Captures()), _encoder, new StoreRetry(TimeProvider.System),
            Workers.Inline)
            .ClaimAsync([], default);

    /// <summary>The process dies: nothing more is acknowledged.</summary>
    public async Task KillAsync()
    {
        await _abandon.CancelAsync();
        await Task.WhenAny(_running);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await KillAsync();
        await Endpoint.StopAsync(now.Token);
        await Endpoint.DisposeAsync();
        Client.Dispose();
        Shard.Dispose();
        _encoder.Dispose();
        _abandon.Dispose();
    }
}

internal sealed record Answer(int Status, JsonElement Body, TimeSpan? RetryAfter)
{
    public string? Error => Body.TryGetProperty("error", out var error) ? error.GetString() : null;

    public long Number(string name) => Body.GetProperty(name).GetInt64();

    public bool Duplicate => Body.TryGetProperty("duplicate", out var duplicate) && duplicate.GetBoolean();
}
