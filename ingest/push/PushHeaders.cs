using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Push;

/// <summary>What a push's headers say; whatever is not understood is refused, never guessed.</summary>
internal readonly record struct PushHeaders(PushKey? Key, PushEncoding Encoding)
{
    public static PushReply.Refused? Read(HttpRequest request, PushSource source, KeyedHash pushes, out PushHeaders headers)
    {
        headers = default;
        if (!IsTaken(request.Headers.ContentType, source.IsJson))
        {
            return new(PushCode.ContentType, source.IsJson
                ? "The Content-Type is none that this source takes; expected application/x-ndjson, application/json or text/plain, in UTF-8."
                : "The Content-Type is none that this source takes; expected text/plain, in UTF-8.");
        }
        if (Encoded(request.Headers.ContentEncoding) is not { } encoding)
        {
            return new(PushCode.ContentEncoding, "The Content-Encoding is none that is taken; expected gzip, zstd, or none.");
        }
        var keys = request.Headers["Idempotency-Key"];
        PushKey? key = null;
        if (keys.Count > 0)
        {
            key = keys.Count == 1 ? PushKey.Parse(keys[0]!, pushes) : null;
            if (key is null)
            {
                return new(PushCode.BadKey, $"The request has {keys.Count} Idempotency-Key headers, or one of another shape; expected one: {PushKey.Shape}.");
            }
        }
        else if (source.Delivery == PushDelivery.ExactlyOnce)
        {
            return new(PushCode.NoKey, $"The request has no key, and this source is exactly-once. Send {PushKey.Shape}; or declare the source at-least-once where lines may count twice.");
        }
        headers = new(key, encoding);
        return null;
    }

    private static PushEncoding? Encoded(StringValues encoding) => encoding.Count switch
    {
        0 => PushEncoding.Plain,
        1 when string.Equals(encoding[0], "identity", StringComparison.OrdinalIgnoreCase) => PushEncoding.Plain,
        1 when string.Equals(encoding[0], "gzip", StringComparison.OrdinalIgnoreCase) => PushEncoding.Gzip,
        1 when string.Equals(encoding[0], "zstd", StringComparison.OrdinalIgnoreCase) => PushEncoding.Zstd,
        _ => null,
    };

    private static bool IsTaken(StringValues types, bool json)
    {
        if (types.Count != 1 || !MediaTypeHeaderValue.TryParse(types[0], out var type))
        {
            return false;
        }
        var kind = type.MediaType;
        return (kind.Equals("text/plain", StringComparison.OrdinalIgnoreCase)
                || (json && (kind.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase) || kind.Equals("application/json", StringComparison.OrdinalIgnoreCase))))
            && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset) is var charset
                && (charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase)));
    }
}
