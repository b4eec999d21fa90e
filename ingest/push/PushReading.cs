using Microsoft.AspNetCore.Http;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>Reads the body of a request: as it was sent, then decompressed, each up to its cap and out of one budget.</summary>
internal sealed class PushReading(PushEndpointOptions options, TimeProvider time)
{
    private readonly PushBudget _budget = new(options.MaxHeldBytes);

    public PushBody NewBody() => new(_budget);

    /// <summary>Null: the body is whole.</summary>
    /// <exception cref="BadHttpRequestException">Its framing is damaged, or it ended early.</exception>
    public async Task<PushReply.Refused?> ReadAsync(HttpContext context, PushEncoding encoding, PushBody body)
    {
        var request = context.Request;
        if (request.ContentLength > (encoding == PushEncoding.Plain ? PushEndpoint.MaxBytes : PushEndpoint.MaxSentBytes))
        {
            return OfFault(PushBodyFault.TooLarge);
        }
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        using var timer = time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), bound, options.ReadWithin,
            Timeout.InfiniteTimeSpan);
        PushBodyFault fault;
        try
        {
            fault = encoding == PushEncoding.Plain
                ? await body.ReadAsync(request.BodyReader, PushEndpoint.MaxBytes, bound.Token)
                : await InflateAsync(request, encoding, body, bound.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return OfFraming(StatusCodes.Status408RequestTimeout);
        }
        if (fault != PushBodyFault.None)
        {
            return OfFault(fault);
        }
        var lines = BlockEncoder.PhysicalLines(body.Bytes.Span);
        return lines > PushEndpoint.MaxLines
            ? new PushReply.Refused(PushCode.TooManyLines,
                $"The body has {lines} lines, at most {PushEndpoint.MaxLines} are taken at once. Nothing was captured. Send it in " +
                $"parts, each under the next sequence.")
            : null;
    }

    /// <summary>What the web server found wrong with a request, by the status that it would give it.</summary>
    public static PushReply.Refused OfFraming(int status) => status switch
    {
        413 => OfFault(PushBodyFault.TooLarge),
        408 => new(PushCode.TooSlow, "The body did not come in time. Nothing was captured. Send it again."),
        _ => new(PushCode.BadRequest,
            "The request is not HTTP as it should be: its framing is damaged, or its body ended early. Nothing was captured. Send it " +
            "again."),
    };

    private async Task<PushBodyFault> InflateAsync(HttpRequest request, PushEncoding encoding, PushBody body, CancellationToken cancel)
    {
        var sent = NewBody();
        try
        {
            var fault = await sent.ReadAsync(request.BodyReader, PushEndpoint.MaxSentBytes, cancel);
            return fault == PushBodyFault.None ? body.Inflate(sent, encoding, PushEndpoint.MaxBytes) : fault;
        }
        finally
        {
            sent.Release();
        }
    }

    private static PushReply.Refused OfFault(PushBodyFault fault) => fault switch
    {
        PushBodyFault.TooLarge =>
            new(PushCode.TooLarge,
            $"The body has more than {PushEndpoint.MaxBytes} bytes decompressed, or {PushEndpoint.MaxSentBytes} as sent. Nothing was " +
            $"captured. Send it in parts, each under the next sequence."),
        PushBodyFault.TooManyParts =>
            new(PushCode.TooManyParts,
            $"The body has more than {PushBody.MaxParts} gzip members or zstd frames. Nothing was captured. Compress it in one, or send " +
            $"it in parts, each under the next sequence."),
        PushBodyFault.BadFraming => OfFraming(StatusCodes.Status400BadRequest) with { Closes = true },
        PushBodyFault.NoMemory =>
            new(PushCode.Busy, "The endpoint holds as many bodies as it may. Nothing was captured. Send the push again.") { RetryAfter =
            1 },
        PushBodyFault.WideWindow =>
            new(PushCode.ZstdWindow,
            $"A zstd frame of the body asks for a window of more than {PushZstd.MaxWindow} bytes, the most for HTTP (RFC 9659). Nothing " +
            $"was captured. Compress with a window of 8 MiB at most: a windowLog of 23 at most."),
        PushBodyFault.BadZstd =>
            new(PushCode.BadZstd,
            "The body is not whole zstd frames: it is cut, damaged, made with a dictionary, or followed by something else. Nothing was " +
            "captured. Compress it again, or send it plain."),
        _ => new(PushCode.BadGzip,
            "The body is not a whole gzip: it is cut, damaged, or followed by something else. Nothing was captured. Compress it again, " +
            "or send it plain."),
    };
}
