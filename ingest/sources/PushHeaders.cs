using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Sources;

/// <summary>What a push's headers say; whatever is not understood is refused, never guessed.</summary>
internal readonly record struct PushHeaders(PushKey? Key, bool Gzip)
{
    public static PushReply.Refused? Read(HttpRequest request, PushSource source, KeyedHash pushes, out PushHeaders headers)
    {
        headers = default;
        if (!IsTaken(request.Headers.ContentType, source.IsJson))
        {
            return new(415, "content-type", source.IsJson
                ? "The Content-Type is none that this source takes; expected application/x-ndjson, application/json or text/plain, in UTF-8."
                : "The Content-Type is none that this source takes; expected text/plain, in UTF-8.");
        }
        var encoding = request.Headers.ContentEncoding;
        var gzip = encoding.Count == 1 && string.Equals(encoding[0], "gzip", StringComparison.OrdinalIgnoreCase);
        if (encoding.Count > 0 && !gzip && !(encoding.Count == 1 && string.Equals(encoding[0], "identity", StringComparison.OrdinalIgnoreCase)))
        {
            return new(415, "content-encoding", "The Content-Encoding is none that is taken; expected gzip, or none.");
        }
        var keys = request.Headers["Idempotency-Key"];
        PushKey? key = null;
        if (keys.Count > 0)
        {
            key = keys.Count == 1 ? PushKey.Parse(keys[0]!, pushes) : null;
            if (key is null)
            {
                return new(400, "bad-key", $"The request has {keys.Count} Idempotency-Key headers, or one of another shape; expected one: {PushKey.Shape}.");
            }
        }
        else if (source.Delivery == PushDelivery.ExactlyOnce)
        {
            return new(428, "no-key", $"The request has no key, and this source is exactly-once. Send {PushKey.Shape}; or declare the source at-least-once where lines may count twice.");
        }
        headers = new(key, gzip);
        return null;
    }

    /// <summary>
    /// Whether the token lets the request at the source: 401 where it is nobody's, 403 where it is another source's. A source that is not here asks for any token, so that only who has one learns which sources there are.
    /// </summary>
    public static PushReply.Refused? Refuse(HttpRequest request, PushSource? source, IEnumerable<PushIntake> all)
    {
        if (source is { TokenSha256: null } || (source is null && all.All(s => s.Source.TokenSha256 is null)))
        {
            return null;
        }
        const string scheme = "Bearer ";
        var given = request.Headers.Authorization;
        var hash = new byte[SHA256.HashSizeInBytes];
        if (given.Count != 1 || !given[0]!.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            return new(401, "no-token", "The request has no bearer token. Send Authorization: Bearer TOKEN with this source's token.");
        }
        SHA256.HashData(Encoding.UTF8.GetBytes(given[0]![scheme.Length..].Trim()), hash);
        if (source is not null && Matches(source, hash))
        {
            return null;
        }
        var anyone = false;
        foreach (var each in all)
        {
            anyone |= Matches(each.Source, hash);
        }
        return !anyone ? new(401, "bad-token", "The bearer token is no source's. Send Authorization: Bearer TOKEN with this source's token.")
            : source is not null ? new(403, "other-token", "The bearer token is another source's. Push with this source's token, or to the source that the token is for.")
            : null;
    }

    private static bool Matches(PushSource source, byte[] hash) => source.TokenSha256 is { } expected && CryptographicOperations.FixedTimeEquals(Convert.FromHexString(expected), hash);

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
