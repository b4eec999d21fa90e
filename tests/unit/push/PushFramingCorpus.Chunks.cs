namespace Pipeline.Tests.Unit.Push;

internal static partial class PushFramingCorpus
{
    private static IEnumerable<RawRequest> Chunks =>
    [
        .. new (string Name, string Size, string Statuses)[]
        {
            ("minus", "-2", "400"), ("plus", "+2", "400"), ("a blank before", " 2", "400"), ("0x", "0x2", "400"),
                ("no number", "zz", "400"), ("nothing", "", "400"), ("a group", "0_2", "400"), ("a point", "2.0", "400"),
                ("NUL", "2\0", "400"),
            ("a letter behind", "2g", "400"), ("2^32 + 2", "100000002", "400"), ("2^64 + 2", "10000000000000002", "400"),
                ("2^31", "80000000", "400"), ("2^32 - 1", "FFFFFFFF", "400"), ("2^64 - 1", "FFFFFFFFFFFFFFFF", "400"),
            ("zeros before", "002", "200"), ("twenty zeros before", "000000000000000000002", "400"), ("a blank behind", "2 ", "400"),
                ("a tab behind", "2\t", "400"), ("a bare line feed behind", "2\n", "400"), ("a bare carriage return behind", "2\rx", "400"),
            ("an empty extension", "2;", "200"), ("an extension", "2;a=b", "200"), ("a quoted extension", "2;a=\"b\"", "200"),
                ("a blank before its extension", "2 ;a=b", "400"),
            ("a line feed in its extension", "2;a\nb", "400"), ("a line feed that ends its extension", "2;a\n", "400"),
                ("a carriage return in its extension", "2;a\rb", "400"), ("a line end in its quoted extension", "2;a=\"\r\n\"", "400"),
            ("an extension without end", "2;" + new string('a', 40_000), "200"),
                ("a size without end", new string('0', 40_000) + "2", "400"),
        }.Select(v => new RawRequest("a chunk's size with " + v.Name, Push(Close + Chunked, $"{v.Size}\r\n1\n\r\n0\r\n\r\n"), v.Statuses)),
        new("the size's line ends with a bare line feed", Push(Chunked, "2\n1\n\r\n0\r\n\r\n" + Hidden), "400"),
        new("all lines end with a bare line feed", Push(Chunked, "2\n1\n\n0\n\n" + Hidden), "400"),
        new("the size's line ends with a bare carriage return", Push(Chunked, "2\r1\n\r\n0\r\n\r\n" + Hidden), "400"),
        new("a chunk longer than its size", Push(Chunked, "2\r\n1\nX\r\n0\r\n\r\n" + Hidden), "400"),
        new("a chunk shorter than its size", Push(Chunked, "3\r\n1\n\r\n0\r\n\r\n" + Hidden), "400"),
        new("no line end behind a chunk", Push(Chunked, "2\r\n1\n0\r\n\r\n" + Hidden), "400"),
        new("a bare line feed behind a chunk", Push(Chunked, "2\r\n1\n\n0\r\n\r\n" + Hidden), "400"),
        new("a bare carriage return behind a chunk", Push(Chunked, "2\r\n1\n\r0\r\n\r\n" + Hidden), "400"),
        new("two line ends behind a chunk", Push(Chunked, "2\r\n1\n\r\n\r\n0\r\n\r\n" + Hidden), "400"),
        new("a line feed in a chunk's extension hides a request", Push(Chunked, "2;\n1\n\r\n" + $"{HiddenLength:x}\r\n0\r\n\r\n" + Hidden),
            "400"),
        new("the last chunk's line ends with a bare line feed", Push(Chunked, "2\r\n1\n\r\n0\n\r\n" + Hidden), "400"),
        new("the body's end is a bare line feed", Push(Chunked, "2\r\n1\n\r\n0\r\n\n" + Hidden), "400"),
        new("the last chunk has an extension", Push(Close + Chunked, "2\r\n1\n\r\n0;a=b\r\n\r\n"), "200"),
        new("the last chunk has many zeros", Push(Close + Chunked, "2\r\n1\n\r\n0000\r\n\r\n"), "200"),
        new("no last chunk", Push(Close + Chunked, "2\r\n1\n\r\n"), "", Ends: true),
        new("half a last chunk", Push(Close + Chunked, "2\r\n1\n\r\n0\r\n"), "", Ends: true),
        new("many chunks of a byte", Push(Close + Chunked, string.Concat(Enumerable.Repeat("1\r\nx\r\n", 2_000)) + "0\r\n\r\n"), "200"),
        new("capital digits", Push(Close + Chunked, "A\r\n123456789\n\r\n0\r\n\r\n"), "200"),
        new("a trailer", Push(Close + Chunked, "2\r\n1\n\r\n0\r\nX: y\r\n\r\n"), "200"),
        new("a trailer with a length", Push(Chunked, $"2\r\n1\n\r\n0\r\nContent-Length: {HiddenLength}\r\n\r\n" + Hidden), "200 200"),
        new("a trailer with a coding", Push(Chunked, "2\r\n1\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" + Hidden), "200 200"),
        new("a trailer with another key", Push(Close + Chunked, "2\r\n1\n\r\n0\r\nIdempotency-Key: §:2\r\n\r\n"), "200"),
        new("a trailer without a colon", Push(Chunked, "2\r\n1\n\r\n0\r\nX y\r\n\r\n" + Hidden), "400"),
        new("a trailer with a blank before the colon", Push(Chunked, "2\r\n1\n\r\n0\r\nX : y\r\n\r\n" + Hidden), "400"),
        new("a trailer that ends with a bare line feed", Push(Chunked, "2\r\n1\n\r\n0\r\nX: y\n\r\n" + Hidden), "400"),
        new("a folded trailer", Push(Chunked, "2\r\n1\n\r\n0\r\nX: y\r\n z\r\n\r\n" + Hidden), "400"),
        new("a trailer with NUL", Push(Chunked, "2\r\n1\n\r\n0\r\nX: y\0\r\n\r\n" + Hidden), "400"),
        new("trailers without end", Push(Close + Chunked, "2\r\n1\n\r\n0\r\n"
            + string.Concat(Enumerable.Repeat("X: " + new string('y', 100) + "\r\n", 400)) + "\r\n"), "400"),
    ];

    private static IEnumerable<RawRequest> Sequences =>
    [
        new("two requests", Push("Content-Length: 2\r\n", "1\n" + Hidden), "200 200"),
        new("two requests, the first in chunks", Push(Chunked, OneChunk + Hidden), "200 200"),
        new("a request, and one that is none", Push("Content-Length: 2\r\n", "1\n" + "NONE\r\n\r\n" + Hidden), "200 400"),
        new("an empty line between two requests", Push("Content-Length: 2\r\n", "1\n\r\n" + Hidden), "200 200"),
        new("a request in a body", Push(Close + $"Content-Length: {HiddenLength}\r\n", Hidden), "200"),
        new("a request in a chunk", Push(Close + Chunked, $"{HiddenLength:x}\r\n{Hidden}\r\n0\r\n\r\n"), "200"),
        new("a request in the body of a GET",
            $"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {HiddenLength}\r\nConnection: close\r\n\r\n" + Hidden, "200"),
        new("a request in the body of a HEAD",
            $"HEAD /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: {HiddenLength}\r\nConnection: close\r\n\r\n" + Hidden, "200"),
        new("a request in a body for no path",
            $"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {HiddenLength}\r\nConnection: close\r\n\r\n" + Hidden, "404"),
        new("a request in a body that is refused", Push("Content-Encoding: br\r\n" + Close + $"Content-Length: {HiddenLength}\r\n", Hidden),
            "415"),
        new("a request in chunks that are refused", Push("Content-Encoding: br\r\n" + Close
            + Chunked, $"{HiddenLength:x}\r\n{Hidden}\r\n0\r\n\r\n"), "415"),
        new("a request behind chunks that are damaged, and refused before",
            Push("Content-Encoding: br\r\n" + Chunked, "2\n1\n\r\n0\r\n\r\n" + Hidden), "415"),
        new("half a first line", "POST /v1/li", "", Ends: true),
        new("half a header", Line + Fields + "Content-Le", "400", Ends: true),
        new("headers without end", Line + Fields + "Content-Length: 2\r\n", "400", Ends: true),
        new("headers and no body", Push(Close + "Content-Length: 2\r\n", ""), "", Ends: true),
        new("nothing", "", "", Ends: true),
    ];
}
