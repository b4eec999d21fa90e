using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Ingest.Push;

/// <summary>Who may push to a source: whoever has its token or one of its client certificates (rule 33). Secrets and certificates are
/// compared by their SHA-256, in constant time.</summary>
internal static class PushAccess
{
    private const string Scheme = "Bearer ";

    /// <summary>Says nothing about which sources there are: the answer is the same for a name that is not configured.</summary>
    private const string CheckName = " Check the source's name in the URL too: this answer is the same for a name that is not configured.";

    /// <summary>Of what cannot be a token: no source has it.</summary>
    private static readonly byte[] Nobodys = [];

    /// <summary>
    /// Null: let in. 401 where what was shown is nobody's, 403 where it is another source's. A source that is not here asks for anything
    /// that is valid, so that only who has that learns which sources there are.
    /// </summary>
    /// <param name="now">By this machine's clock: a certificate counts between its dates.</param>
    public static PushReply.Refused? Refuse(HttpRequest request, PushSource? source, IEnumerable<PushIntake> all, DateTimeOffset now)
    {
        if (source is { IsOpen: true } || (source is null && all.All(s => s.Source.IsOpen)))
        {
            return null;
        }
        var token = Token(request);
        var certificate = request.HttpContext.Connection.ClientCertificate is not { } shown ? null
            : now >= shown.NotBefore.ToUniversalTime() && now <= shown.NotAfter.ToUniversalTime()
            ? shown.GetCertHash(HashAlgorithmName.SHA256) : Nobodys;
        if (source is not null && (HasToken(source, token) || HasCertificate(source, certificate)))
        {
            return null;
        }
        var (anyToken, anyCertificate) = (false, false);
        foreach (var each in all)
        {
            anyToken |= HasToken(each.Source, token);
            anyCertificate |= HasCertificate(each.Source, certificate);
        }
        return (token, certificate) switch
        {
            _ when anyToken || anyCertificate => source is null ? null : anyToken
                ? new(PushCode.OtherToken,
                    "The bearer token is another source's. Push with this source's token, or to the source that the token is for.")
                : new(PushCode.OtherCertificate,
                    "The client certificate is another source's. Push with this source's certificate, or to the source that the " +
                    "certificate is for."),
            (null, null) => new(PushCode.NoToken,
                "The request has neither a bearer token nor a client certificate. Send Authorization: Bearer TOKEN with this source's " +
                "token, "
                + "or show one of this source's client certificates." + CheckName),
            (null, _) => new(PushCode.BadCertificate,
                "The client certificate is no source's, or now is not between its dates. Show a valid one whose SHA-256 this source's " +
                "configuration lists, or send its token." + CheckName),
            _ => new(PushCode.BadToken,
                $"The bearer token is no source's, or is not {PushTokens.MinLength} to {PushTokens.MaxLength} visible ASCII characters. "
                + "Send Authorization: Bearer TOKEN with this source's token." + CheckName),
        };
    }

    /// <summary>The SHA-256 of a certificate's DER bytes in lower case, however it was written: openssl puts ':' between bytes. Null: it is
    /// none.</summary>
    public static string? Fingerprint(string text)
    {
        var hex = text.Replace(":", "", StringComparison.Ordinal);
        return hex.Length == 2 * SHA256.HashSizeInBytes && hex.All(char.IsAsciiHexDigit) ? hex.ToLowerInvariant() : null;
    }

    private static byte[]? Token(HttpRequest request)
    {
        var given = request.Headers.Authorization;
        if (given.Count != 1 || !given[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        var token = given[0]!.AsSpan(Scheme.Length).Trim(' ');
        if (!PushTokens.IsToken(token))
        {
            return Nobodys;
        }
        var bytes = new byte[token.Length];
        Encoding.ASCII.GetBytes(token, bytes);
        return SHA256.HashData(bytes);
    }

    private static bool HasToken(PushSource source, byte[]? hash) => IsAmong(source.Tokens, hash);

    private static bool HasCertificate(PushSource source, byte[]? hash) => IsAmong(source.ClientCertificates, hash);

    private static bool IsAmong(IReadOnlyList<string> hashes, byte[]? hash)
    {
        var found = false;
        foreach (var expected in hash is null ? [] : hashes)
        {
            found |= CryptographicOperations.FixedTimeEquals(Convert.FromHexString(expected), hash);
        }
        return found;
    }
}
