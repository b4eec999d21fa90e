using System.Collections.Frozen;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Push;

/// <summary>One request, from its headers to its answer: 1 framing and route — 2 source, and who pushes — 3 headers — 4 body — 5
/// take.</summary>
internal sealed class PushHandler(PushEndpointOptions options, KeyedHash pushes, TimeProvider time, PushDoor door, PushNotices notices)
    : IDisposable
{
    private readonly PushReading _reading = new(options, time);
    private readonly PushReadiness _readiness = new(time);
    private volatile FrozenDictionary<string, PushIntake>? _sources;
    private volatile bool _stopping;

    public FrozenDictionary<string, PushIntake>? Sources => _sources;

    public void Open(FrozenDictionary<string, PushIntake> sources) => _sources = sources;

    public void Stop() => _stopping = true;

    public void Dispose() => _readiness.Dispose();

    public Task HandleAsync(HttpContext context) => HandleAsync(context, AnswerAsync);

    /// <summary>A request of the listener that answers for health alone.</summary>
    public Task HandleHealthAsync(HttpContext context) => HandleAsync(context, HealthAsync);

    private async Task HandleAsync(HttpContext context, Func<HttpContext, Task<PushReply>> answer)
    {
        PushReply? reply;
        try
        {
            reply = await answer(context);
        }
        catch (BadHttpRequestException e)
        {
            reply = PushReading.OfFraming(e.StatusCode);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // Nobody is there to answer. What was taken is captured, and a retry will learn so.
            context.Abort();
            Answered(context, null, 0);
            return;
        }
        catch (Exception e)
        {
            notices.Tell($"push: {e.GetType().Name}", Environment.NewLine + e.StackTrace);
            reply = new PushReply.Refused(PushCode.Failed,
                "The endpoint failed. Whether the push was captured is not known. Send the same bytes under the same key again; if it " +
                "stays, see the program's log.");
        }
        try
        {
            await reply.WriteAsync(context);
        }
        finally
        {
            Answered(context, reply as PushReply.Refused, context.Response.StatusCode);
        }
    }

    private void Answered(HttpContext context, PushReply.Refused? refused, int status)
    {
        if (context.Request.Path.Value != "/v1/lines")
        {
            return;
        }
        options.Answered?.Invoke(status);
        if (refused is { Code: var code, Status: >= 400 and < 500 })
        {
            if (code.IsLogin)
            {
                options.LoginRefused?.Invoke(code.Name);
            }
            // A name that is not configured is the client's text.
            var source = _sources?.GetValueOrDefault(context.Request.Query["source"].ToString())?.Source.Name ?? "none-of-this-endpoint";
            notices.Tell($"refused status={status} error={code.Name} source={source}");
        }
    }

    private async Task<PushReply> AnswerAsync(HttpContext context)
    {
        // 1 framing and route
        var request = context.Request;
        if (PushFraming.Refuse(request) is { } unclear)
        {
            return unclear;
        }
        switch (request.Path.Value)
        {
            case "/openapi.yaml":
                return OnlyGet(request) ?? (PushReply)new PushReply.Document();
            case "/v1/lines":
                return await PushAsync(context);
            default:
                return await HealthAsync(context);
        }
    }

    private async Task<PushReply> HealthAsync(HttpContext context)
    {
        var request = context.Request;
        switch (request.Path.Value)
        {
            case "/healthz":
                return OnlyGet(request) ?? (PushReply)new PushReply.Alive();
            case "/readyz":
                return OnlyGet(request) ?? NotOpen() ?? await _readiness.AskAsync(_sources!.Values, context.RequestAborted)
                    ?? (PushReply)new PushReply.Ready([.. options.StoppedShards()], Names(context));
            default:
                return new PushReply.Refused(PushCode.NoSuchPath,
                    "There is nothing at this path. Push lines to /v1/lines?source=NAME; /healthz and /readyz tell how this process is, " +
                    "/openapi.yaml what it takes.");
        }
    }

    private async Task<PushReply> PushAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Method != HttpMethods.Post)
        {
            return new PushReply.Refused(PushCode.NotPost, "Lines are pushed with POST.") { Allow = "POST" };
        }
        // A page in a browser can reach loopback without a token, and has its user's client certificate; it cannot hide that it is one.
        if (request.Headers.Origin.Count > 0)
        {
            return new PushReply.Refused(PushCode.Browser,
                "The request has an Origin header: it comes from a web page. Push from the endpoint that has the log.");
        }
        if (NotOpen() is { } closed)
        {
            return closed;
        }
        // 2 source, and who pushes
        var (intake, refused) = await SourceAsync(request, context.RequestAborted);
        if (intake is null)
        {
            return refused!;
        }
        door.LogIn(context);
        if (intake.RefuseStopped() is { } stopped)
        {
            return stopped;
        }
        // 3 headers
        if (PushHeaders.Read(request, intake.Source, pushes, out var headers) is { } bad)
        {
            return bad;
        }
        if (request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return new PushReply.Refused(PushCode.NoLength,
                "The request says neither how long its body is nor that it is chunked. Send Content-Length or Transfer-Encoding: chunked.");
        }
        // 4 body
        var body = _reading.NewBody();
        var taken = false;
        try
        {
            if (await _reading.ReadAsync(context, headers.Encoding, body) is { } unread)
            {
                return unread;
            }
            if (PushFields.Refuse(intake.Source, body.Bytes.Span) is { } nameless)
            {
                return nameless;
            }
            // 5 take
            taken = true;
            return await intake.TakeAsync(headers.Key, body, context.RequestAborted);
        }
        finally
        {
            if (!taken)
            {
                body.Release();
            }
        }
    }

    private async Task<(PushIntake? Intake, PushReply.Refused? Refused)> SourceAsync(HttpRequest request, CancellationToken gone)
    {
        var names = request.Query["source"];
        if (names.Count != 1 || !CaptureNames.IsName(names[0]!))
        {
            return (null, new(PushCode.BadSource,
                $"The query has {names.Count} values of 'source', or one that is no source's name; expected /v1/lines?source=NAME with " +
                $"1 to 64 of a-z, 0-9, '-', '_' and '.'."));
        }
        var sources = _sources!;
        var intake = sources.GetValueOrDefault(names[0]!);
        if (PushAccess.Refuse(request, intake?.Source, sources.Values, time.GetUtcNow()) is { } refused)
        {
            return (null, refused);
        }
        if (intake is not null)
        {
            return (intake, null);
        }
        string? owner;
        try
        {
            owner = options.OwnerOf is null ? null : await options.OwnerOf(names[0]!, gone).WaitAsync(options.RoomWithin, time, gone);
        }
        catch (Exception e) when (e is Core.Store.StoreException or TimeoutException)
        {
            return (null, new(PushCode.Outage,
                "The source is not of this endpoint, and the capture store has not answered whose it is. Try again.") { RetryAfter = 1 });
        }
        return (null, owner is null
            ? new(PushCode.UnknownSource, "No source of this name is configured here. Configure it, or correct the name.")
            : new(PushCode.OtherInstance, $"The source belongs to shard {owner}, which another instance hosts. Push to that instance."));
    }

    /// <summary>Names of shards are for operations on this machine; others learn how many there are.</summary>
    private static bool Names(HttpContext context) => context.Connection.RemoteIpAddress is { } from && IPAddress.IsLoopback(from);

    private PushReply.Refused? NotOpen() =>
        _stopping ? new PushReply.Refused(PushCode.Stopping,
            "This process is stopping. Nothing was captured now. Send the push again, to it or to its successor.") { RetryAfter = 1 }
        : _sources is null ? new PushReply.Refused(PushCode.Starting,
            "The shards are not claimed yet. Nothing was captured. Send the push again.") { RetryAfter = 1 }
        : null;

    private static PushReply.Refused? OnlyGet(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) ? null
            : new PushReply.Refused(PushCode.NotGet, "This path is read with GET.") { Allow = "GET, HEAD" };
}
