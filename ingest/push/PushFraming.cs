using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Net.Http.Headers;

namespace Pipeline.Ingest.Push;

/// <summary>
/// What the web server lets pass and another on the way may read otherwise, so that one of them would see a request where the other sees a
/// body: refused, and the connection with it (RFC 9112, 6.1 to 6.3).
/// </summary>
internal static class PushFraming
{
    /// <summary>Where the server puts a length that stood beside chunks.</summary>
    private const string SetAside = "X-Content-Length";

    /// <summary>Lines end with CR LF: who takes a bare LF for an end sees other headers. Read by the server when its options are
    /// made.</summary>
    private const string OnlyLineEnds = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    private static readonly Digits LengthOnly = new();

    /// <summary>Call it before the server is built.</summary>
    public static void Tighten() => AppContext.SetSwitch(OnlyLineEnds, true);

    /// <summary>The server takes "+2" for a length, and nothing of it is left to see for who asks later; so its bytes are checked while it
    /// decodes them.</summary>
    public static void Tighten(KestrelServerOptions kestrel) =>
        kestrel.RequestHeaderEncodingSelector = static name => string.Equals(name, HeaderNames.ContentLength,
            StringComparison.OrdinalIgnoreCase) ? LengthOnly : null;

    public static PushReply.Refused? Refuse(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers.TransferEncoding is not { Count: > 0 } codings)
        {
            return null;
        }
        // "gzip, chunked" would leave the body in gzip; HTTP/1.0 knows no chunks.
        var plain = codings.Count == 1 && string.Equals(codings[0], "chunked", StringComparison.OrdinalIgnoreCase)
            && HttpProtocol.IsHttp11(request.Protocol);
        return plain && headers.ContentLength is null && !headers.ContainsKey(SetAside) ? null
            : new(PushCode.BadRequest,
                "The request does not say once how long its body is: it has a Content-Length beside its Transfer-Encoding, a coding " +
                "other than chunked, or chunks in HTTP/1.0. Nothing was captured. Send either Content-Length or Transfer-Encoding: " +
                "chunked.") { Closes = true };
    }

    /// <summary>Digits as they are; anything else, and more than 19 of them, as what is no number.</summary>
    private sealed class Digits : Encoding
    {
        private const int Most = 19;

        public override int GetByteCount(char[] chars, int index, int count) => count;

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            throw new NotSupportedException();

        public override int GetCharCount(byte[] bytes, int index, int count) => Math.Min(count, Most);

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
            GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

        public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
        {
            var length = Math.Min(bytes.Length, Most);
            for (var i = 0; i < length; i++)
            {
                chars[i] = bytes.Length <= Most && char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : 'x';
            }
            return length;
        }

        public override int GetMaxByteCount(int charCount) => charCount;

        public override int GetMaxCharCount(int byteCount) => Math.Min(byteCount, Most);
    }
}
