using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Ingest.Push;

/// <summary>Bearer tokens: how one is made, what can be one, and which hashes are of tokens that anybody guesses.</summary>
public static class PushTokens
{
    /// <summary>A shorter token is never let in, and no longer one either. In characters, visible ASCII.</summary>
    public const int MinLength = 16, MaxLength = 1_024;

    private const int RandomBytes = 32;

    /// <summary>What people try first, and what examples have.</summary>
    private static readonly string[] Words =
    [
        "", "foo", "bar", "baz", "test", "test123", "testing", "token", "secret", "password", "passw0rd", "changeme", "change-me", "admin",
            "root",
        "example", "hello", "hello world", "pipeline", "xenserver", "xencenter", "push", "123", "1234", "12345", "123456", "12345678",
            "123456789",
        "1234567890", "0123456789abcdef", "qwerty", "letmein", "default", "none", "null", "true", "TOKEN", "YOUR_TOKEN", "<token>",
            "$TOKEN", "Bearer",
    ];

    /// <summary>Their SHA-256, and that of each with the line end that `echo` adds.</summary>
    private static readonly HashSet<string> Weak = [.. Words.SelectMany(word => (string[])[Hash(word), Hash(word + "\n")])];

    /// <summary>A new token: 32 random bytes as base64url.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>The SHA-256 of a token's bytes, 64 hex digits in lower case, as the configuration has it.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>Whether a request's token is one at all. Anything else is let in by no hash.</summary>
    public static bool IsToken(ReadOnlySpan<char> text) => text.Length is >= MinLength and <= MaxLength
        && !text.ContainsAnyExceptInRange('!', '~');

    /// <summary>Why this cannot be the SHA-256 of a source's token, or null.</summary>
    public static string? WhyNot(string hash) =>
        hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)
            ? $"found {hash.Length} characters, expected 64 hex digits: the SHA-256 of the token's bytes"
        : Weak.Contains(hash.ToLowerInvariant())
            ? "found the hash of the empty string or of a well-known word, which anybody guesses; make a token with `pipeline push token`"
        : null;
}
