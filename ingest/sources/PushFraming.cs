using Microsoft.AspNetCore.Http;

namespace Pipeline.Ingest.Sources;

/// <summary>
/// What the web server lets pass and another on the way may read otherwise, so that one of them would see a request where the other sees a body: refused, and the connection with it (RFC 9112, 6.1 to 6.3).
/// </summary>
internal static class PushFraming
{
    /// <summary>Where the server puts a length that stood beside chunks.</summary>
    private const string SetAside = "X-Content-Length";

    public static PushReply.Refused? Refuse(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers.TransferEncoding is not { Count: > 0 } codings)
        {
            return null;
        }
        // "gzip, chunked" would leave the body in gzip; HTTP/1.0 knows no chunks.
        var plain = codings.Count == 1 && string.Equals(codings[0], "chunked", StringComparison.OrdinalIgnoreCase) && HttpProtocol.IsHttp11(request.Protocol);
        return plain && headers.ContentLength is null && !headers.ContainsKey(SetAside) ? null
            : new(PushCode.BadRequest, "The request does not say once how long its body is: it has a Content-Length beside its Transfer-Encoding, a coding other than chunked, or chunks in HTTP/1.0. Nothing was captured. Send either Content-Length or Transfer-Encoding: chunked.") { Closes = true };
    }
}
