using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>What a push is answered with. Never holds a body's or a header's content.</summary>
internal abstract record PushReply
{
    /// <summary>The longest list of runs in a reply; more are told by `refusedMore` and by `pipeline rejections`.</summary>
    public const int MaxRuns = 1_000;

    /// <summary>Captured, now or by another request of the same push; an outcome that is no longer known is null.</summary>
    public sealed record Captured(string Shard, BlockOutcome? Outcome, bool Duplicate) : PushReply;

    /// <summary>The process lives.</summary>
    public sealed record Alive : PushReply;

    /// <summary>Pushes are taken, but for those of sources whose shard is stopped.</summary>
    /// <param name="Names">Whether the shards are named; else they are only counted.</param>
    public sealed record Ready(IReadOnlyList<PushStoppedShard> Stopped, bool Names) : PushReply;

    /// <summary>What this endpoint does, as OpenAPI.</summary>
    public sealed record Document : PushReply;

    /// <param name="Message">What was found, what was expected, what to do.</param>
    public sealed record Refused(PushCode Code, string Message) : PushReply
    {
        public int Status => Code.Status;
        public string Error => Code.Name;
        /// <summary>Where this request ends is not certain, so nothing behind it is read.</summary>
        public bool Closes { get; init; }
        /// <summary>Seconds.</summary>
        public int? RetryAfter { get; init; }
        /// <summary>The sequence that would be taken.</summary>
        public long? Expected { get; init; }
        public string? Allow { get; init; }
    }

    public Task WriteAsync(HttpContext context)
    {
        if (this is Document)
        {
            return WriteAsync(context, PushDocument.Bytes, PushDocument.Type);
        }
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body, new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            switch (this)
            {
                case Captured captured:
                    Write(json, captured);
                    break;
                case Alive:
                    json.WriteBoolean("ok"u8, true);
                    break;
                case Ready ready:
                    Write(json, ready);
                    break;
                case Refused refused:
                    context.Response.StatusCode = refused.Status;
                    Write(json, refused, context.Response.Headers);
                    break;
            }
            json.WriteEndObject();
        }
        return WriteAsync(context, body.WrittenMemory, "application/json");
    }

    private static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body, string type)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body).AsTask();
    }

    private static void Write(Utf8JsonWriter json, Captured captured)
    {
        if (captured.Outcome is { } outcome)
        {
            json.WriteNumber("capture"u8, outcome.Capture.Number);
        }
        json.WriteString("shard"u8, captured.Shard);
        if (captured.Outcome is { } known)
        {
            json.WriteNumber("lines"u8, known.Read.Lines);
            WriteCounts(json, "records", known.Records);
            WriteCounts(json, "rejections", known.Read.Rejected ?? []);
            if (known.Read.Duplicates > 0)
            {
                json.WriteNumber("duplicates"u8, known.Read.Duplicates);
            }
            json.WriteStartArray("refused"u8);
            foreach (var run in known.Rejected.Take(MaxRuns))
            {
                json.WriteStartObject();
                json.WriteString("reason"u8, run.Reason);
                json.WriteNumber("line"u8, run.FirstLine);
                json.WriteNumber("count"u8, run.Count);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            if (known.Rejected.Count > MaxRuns)
            {
                json.WriteBoolean("refusedMore"u8, true);
            }
        }
        if (captured.Duplicate)
        {
            json.WriteBoolean("duplicate"u8, true);
        }
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, long>> counts)
    {
        json.WriteStartObject(name);
        foreach (var (key, count) in counts)
        {
            json.WriteNumber(key, count);
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Ready ready)
    {
        json.WriteBoolean("ok"u8, true);
        json.WriteNumber("stoppedShards"u8, ready.Stopped.Count);
        json.WriteStartArray("stopped"u8);
        foreach (var stopped in ready.Names ? ready.Stopped : [])
        {
            json.WriteStartObject();
            json.WriteString("shard"u8, stopped.Shard);
            json.WriteString("reason"u8, stopped.Reason);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Refused refused, IHeaderDictionary headers)
    {
        json.WriteString("error"u8, refused.Error);
        json.WriteString("message"u8, refused.Message);
        if (refused.Expected is { } expected)
        {
            json.WriteNumber("expected"u8, expected);
        }
        if (refused.RetryAfter is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        if (refused.Allow is { } allow)
        {
            headers.Allow = allow;
        }
        if (refused.Closes)
        {
            headers.Connection = "close";
        }
        if (refused.Status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Bearer";
        }
    }
}
