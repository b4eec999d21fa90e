namespace Pipeline.Tests.Unit.Push;

/// <summary>A request as bytes, in Latin-1. § is a stream of its own; a client never closes first unless <see cref="Ends"/>.</summary>
/// <param name="Statuses">What it is answered with, one number an answer; empty: the connection is closed without one.</param>
/// <param name="Ends">The client says FIN behind it, and may be gone before an answer.</param>
internal sealed record RawRequest(string Name, string Bytes, string Statuses, bool Ends = false);

/// <summary>
/// Requests that two readers could take for different ones: about their length, their chunks, their headers, their first line, and what
/// stands behind them.
/// What <see cref="Hidden"/> holds must never be captured but where it is a request of its own for every reader.
/// </summary>
internal static partial class PushFramingCorpus
{
    private const string Line = "POST /v1/lines?source=web HTTP/1.1\r\n";
    private const string Fields = "Host: x\r\nContent-Type: text/plain\r\nIdempotency-Key: §:1\r\n";
    private const string Close = "Connection: close\r\n";
    private const string Chunked = "Transfer-Encoding: chunked\r\n";

    /// <summary>A push of its own, the second of its stream.</summary>
    private const string Hidden =
        "POST /v1/lines?source=web HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nIdempotency-Key: §:2\r\nConnection: " +
        "close\r\nContent-Length: 2\r\n\r\n2\n";

    private const string OneChunk = "2\r\n1\n\r\n0\r\n\r\n";

    /// <summary>With a stream's name in place of §, which has as many characters.</summary>
    public static IEnumerable<RawRequest> All => [.. Lengths, .. Codings, .. Chunks, .. Headers, .. Lines, .. Sequences];

    /// <summary>Streams are named alike long, so that the length of a hidden request is known here.</summary>
    public static string Stream(int number) => $"stream-{number:D4}";

    private static readonly int HiddenLength = Hidden.Replace("§", Stream(0), StringComparison.Ordinal).Length;

    private static string Push(string headers, string body) => Line + Fields + headers + "\r\n" + body;

    private static IEnumerable<RawRequest> Lengths =>
    [
        new("no length", Push(Close, ""), "400"),
        new("twice the same", Push(Close + "Content-Length: 2\r\nContent-Length: 2\r\n", "1\n"), "400"),
        new("twice, the larger first", Push($"Content-Length: {2 + HiddenLength}\r\nContent-Length: 2\r\n", "1\n" + Hidden), "400"),
        new("twice, the smaller first", Push($"Content-Length: 2\r\nContent-Length: {2 + HiddenLength}\r\n", "1\n" + Hidden), "400"),
        new("a list of one number", Push(Close + "Content-Length: 2, 2\r\n", "1\n"), "400"),
        new("a list of two numbers", Push($"Content-Length: 2, {2 + HiddenLength}\r\n", "1\n" + Hidden), "400"),
        .. new (string Name, string Value, string Statuses)[]
        {
            ("plus", "+2", "400"), ("minus", "-2", "400"), ("hexadecimal", "0x2", "400"), ("a point", "2.0", "400"),
                ("an exponent", "2e0", "400"), ("a blank inside", "2 2", "400"), ("a group", "1_0", "400"),
            ("nothing", "", "400"), ("a vertical tab", "\v2", "400"), ("NUL", "2\0", "400"), ("another script's digit", "\xb2", "400"),
                ("2^63", "9223372036854775808", "400"), ("2^64 + 2", "18446744073709551618", "400"),
            ("2^32 + 2", "4294967298", "413"), ("a word", "two", "400"), ("quotes", "\"2\"", "400"), ("a parameter", "2;q=1", "400"),
                ("a comma before", ",2", "400"), ("a comma behind", "2,", "400"),
            ("a blank behind", "2 ", "200"), ("a tab before", "\t2", "200"), ("zeros before", "0002", "200"),
        }.Select(v => new RawRequest("a length with " + v.Name, Push(Close + $"Content-Length: {v.Value}\r\n", "1\n"), v.Statuses)),
        new("a blank before the colon", Push("Content-Length : 2\r\n", "1\n" + Hidden), "400"),
        new("a tab before the colon", Push("Content-Length\t: 2\r\n", "1\n" + Hidden), "400"),
        new("an underscore for the dash", Push(Close + "Content_Length: 2\r\n", "1\n"), "400"),
        new("a body though the length is 0", Push(Close + "Content-Length: 0\r\n", "1\n"), "400"),
        new("more than is taken", Push(Close + "Content-Length: 4000001\r\n", ""), "413"),
        new("more than comes", Push(Close + "Content-Length: 3\r\n", "1\n"), "", Ends: true),
    ];

    private static IEnumerable<RawRequest> Codings =>
    [
        new("length, then chunks", Push("Content-Length: 12\r\n" + Chunked, OneChunk + Hidden), "400"),
        new("chunks, then length", Push(Chunked + "Content-Length: 12\r\n", OneChunk + Hidden), "400"),
        new("a length over what follows the chunks", Push($"Content-Length: {5 + HiddenLength}\r\n" + Chunked, "0\r\n\r\n" + Hidden),
            "400"),
        new("a length short of the chunks", Push("Content-Length: 4\r\n" + Chunked, $"{HiddenLength:x}\r\n{Hidden}\r\n0\r\n\r\n"), "400"),
        new("a length of 0 and chunks", Push("Content-Length: 0\r\n" + Chunked, OneChunk + Hidden), "400"),
        new("a length that is set aside, and chunks", Push("X-Content-Length: 2\r\n" + Chunked, OneChunk + Hidden), "400"),
        new("chunks in HTTP/1.0", (Line + Fields).Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal) + Chunked + "\r\n" + OneChunk
            + Hidden, "400"),
        new("chunks and a length in HTTP/1.0", (Line + Fields).Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal) + Chunked
            + "Content-Length: 12\r\nConnection: keep-alive\r\n\r\n" + OneChunk + Hidden, "400"),
        .. Obfuscations.SelectMany(o => (RawRequest[])
        [
            new("coding " + o.Name, Push(Close + o.Header + "\r\n", OneChunk), o.Alone),
            new("length and coding " + o.Name, Push($"Content-Length: {5 + HiddenLength}\r\n{o.Header}\r\n"
                + (o.Both == "200" ? Close : ""), "0\r\n\r\n" + Hidden), o.Both),
        ]),
    ];

    /// <summary>What it is alone, and beside a length that hides another request.</summary>
    private static (string Name, string Header, string Alone, string Both)[] Obfuscations =>
    [
        ("in capitals", "TRANSFER-ENCODING: CHUNKED", "200", "400"), ("behind two blanks", "Transfer-Encoding:  chunked", "200", "400"),
            ("behind a tab", "Transfer-Encoding:\tchunked", "200", "400"), ("before a tab", "Transfer-Encoding: chunked\t", "200", "400"),
        ("without a blank", "Transfer-Encoding:chunked", "200", "400"),
            ("with a letter before", "Transfer-Encoding: xchunked", "400", "400"),
            ("with a letter behind", "Transfer-Encoding: chunkedx", "400", "400"),
            ("then identity", "Transfer-Encoding: chunked, identity", "400", "400"),
        ("after identity", "Transfer-Encoding: identity, chunked", "400", "400"), ("identity", "Transfer-Encoding: identity", "400", "400"),
            ("gzip", "Transfer-Encoding: gzip", "400", "400"), ("after gzip", "Transfer-Encoding: gzip, chunked", "400", "400"),
        ("twice in a list", "Transfer-Encoding: chunked, chunked", "400", "400"),
            ("in two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400", "400"),
            ("in two lines, then identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "400", "400"),
        ("in two lines, after another", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "400", "400"),
            ("in quotes", "Transfer-Encoding: \"chunked\"", "400", "400"),
            ("with a parameter", "Transfer-Encoding: chunked;q=1", "400", "400"),
            ("behind a vertical tab", "Transfer-Encoding: \vchunked", "400", "400"),
        ("before a vertical tab", "Transfer-Encoding: chunked\v", "400", "400"),
            ("before NUL", "Transfer-Encoding: chunked\0", "400", "400"), ("nothing", "Transfer-Encoding:", "400", "400"),
            ("after a comma", "Transfer-Encoding: ,chunked", "400", "400"),
        ("before a comma", "Transfer-Encoding: chunked,", "400", "400"),
            ("with a blank before the colon", "Transfer-Encoding : chunked", "400", "400"),
            ("with a tab before the colon", "Transfer-Encoding\t: chunked", "400", "400"),
            ("with NUL before", "\0Transfer-Encoding: chunked", "400", "400"),
        ("behind a bare line feed", "X: x\nTransfer-Encoding: chunked", "400", "400"),
            ("behind a bare carriage return", "X: x\rTransfer-Encoding: chunked", "400", "400"),
            ("folded", "Transfer-Encoding:\r\n chunked", "400", "400"),
            ("folded by a tab", "Transfer-Encoding:\r\n\tchunked", "400", "400"),
        ("behind a line feed", "Transfer-Encoding:\n chunked", "400", "400"),
            ("as a folded line", "X: x\r\n Transfer-Encoding: chunked", "400", "400"),
            ("with an underscore", "Transfer_Encoding: chunked", "400", "200"),
            ("with an accent", "Transfer-Encoding: chunk\xe9d", "400", "400"),
    ];
}
