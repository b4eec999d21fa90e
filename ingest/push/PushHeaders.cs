using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Push;

/// <summary>What a push's headers say; whatever is not understood is refused, never guessed.</summary>
internal readonly record struct PushHeaders(PushKey? Key, PushEncoding Encoding)
{
    public static PushReply.Refused? Read(HttpRequest request, PushSource source, KeyedHash pushes, out PushHeaders headers)
    {
        headers = default;
        if (PushTypes.Refuse(request.Headers.ContentType, source.Format) is { } type)
        {
            return new(PushCode.ContentType, type);
        }
        if (Encoded(request.Headers.ContentEncoding) is not { } encoding)
        {
            return new(PushCode.ContentEncoding,
                $"Found Content-Encoding {PushTypes.Known(request.Headers.ContentEncoding)}, expected gzip, zstd, or none. "
                + "Nothing was captured. Compress the body with one of them, or send it plain.");
        }
        var keys = request.Headers["Idempotency-Key"];
        PushKey? key = null;
        if (keys.Count > 0)
        {
            key = keys.Count == 1 ? PushKey.Parse(keys[0]!, pushes) : null;
            if (key is null)
            {
                return new(PushCode.BadKey,
                    $"The request has {keys.Count} Idempotency-Key headers, or one of another shape; expected one: {PushKey.Shape}.");
            }
        }
        else if (source.Delivery == PushDelivery.ExactlyOnce)
        {
            return new(PushCode.NoKey,
                $"The request has no key, and this source is exactly-once. Send {PushKey.Shape}; or declare the source at-least-once " +
                $"where lines may count twice.");
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
}
