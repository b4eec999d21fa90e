namespace Pipeline.Tests.Unit.Push;

internal static partial class PushFramingCorpus
{
    private const string Two = "Content-Length: 2\r\n";

    private static IEnumerable<RawRequest> Headers =>
    [
        .. new (string Name, string Header, string Statuses)[]
        {
            ("NUL in a value", "X: a\0b", "400"), ("NUL in a name", "X\0: a", "400"),
                ("a bare carriage return in a value", "X: a\rb", "400"), ("a bare carriage return before a name", "\rX: a", "400"),
                ("a folded value", "X: a\r\n b", "400"), ("a value folded by a tab", "X: a\r\n\tb", "400"),
            ("a bare line feed", "X: a\nY: b", "400"), ("a header without name", ": a", "400"), ("a header without colon", "X a", "400"),
                ("a bracket in a name", "X(: a", "200"), ("a letter of Latin-1 in a name", "X\xe9: a", "400"),
                ("a blank in a name", "X Y: a", "400"),
            ("bytes that are no UTF-8 in a value", "X: \xe9\xff", "400"), ("a second host", "Host: y", "400"),
                ("the same host again", "Host: x", "400"), ("64 headers more",
                string.Join("\r\n", Enumerable.Range(0, 64).Select(n => $"X{n}: a")), "431"),
            ("a header of 20 kB", "X: " + new string('a', 20_000), "431"), ("a name of 20 kB", new string('x', 20_000) + ": a", "431"),
                ("headers of 20 kB", string.Join("\r\n", Enumerable.Range(0, 20).Select(n => $"X{n}: {new string('a', 1_000)}")), "431"),
            ("a key twice", "Idempotency-Key: §:2", "400"), ("a type twice", "Content-Type: text/plain", "415"),
                ("two codings", "Content-Encoding: gzip, gzip", "415"),
                ("two codings in two headers", "Content-Encoding: identity\r\nContent-Encoding: gzip", "415"),
            ("another method in a header", "X-HTTP-Method-Override: DELETE", "200"),
                ("an upgrade to HTTP/2", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "200"),
                ("an expectation", "Expect: 100-continue", "200"), ("another expectation", "Expect: 200-ok", "200"),
            ("a length that is said to be of the connection", "Connection: Content-Length", "200"), ("an empty value", "X:", "200"),
        }.Select(v => new RawRequest("headers with " + v.Name, Push(Close + v.Header + "\r\n" + Two, "1\n"), v.Statuses)),
        .. new (string Name, string Header, string Statuses)[] { ("no host", "", "400"), ("an empty host", "Host:\r\n", "200"),
            ("a host with a path", "Host: x/y\r\n", "400"), ("a host with a user", "Host: a@x\r\n", "400"),
            ("two hosts in a list", "Host: x, y\r\n", "400"), ("a host with NUL", "Host: x\0\r\n", "400") }
            .Select(v => new RawRequest("headers with " + v.Name, Line + Fields.Replace("Host: x\r\n", v.Header, StringComparison.Ordinal)
                + Close + Two + "\r\n1\n", v.Statuses)),
        new("all lines end with a bare line feed", (Line + Fields + Two + "\r\n").Replace("\r\n", "\n", StringComparison.Ordinal) + "1\n"
            + Hidden, "400"),
        new("the headers end with a bare line feed", Line + Fields + Two + "\n1\n" + Hidden, "400"),
        new("a blank before the first header", Line + " X: a\r\n" + Fields + Two + "\r\n1\n" + Hidden, "400"),
    ];

    private static IEnumerable<RawRequest> Lines =>
    [
        .. new (string Name, string Line, string Statuses)[]
        {
            ("no version", "POST /v1/lines?source=web", "400"), ("version 0.9", "POST /v1/lines?source=web HTTP/0.9", "505"),
                ("version 1.2", "POST /v1/lines?source=web HTTP/1.2", "505"), ("version 2.0", "POST /v1/lines?source=web HTTP/2.0", "505"),
                ("version 01.1", "POST /v1/lines?source=web HTTP/01.1", "400"),
            ("a version in small letters", "POST /v1/lines?source=web http/1.1", "505"),
                ("a blank behind the version", "POST /v1/lines?source=web HTTP/1.1 ", "400"),
                ("two versions", "POST /v1/lines?source=web HTTP/1.1 HTTP/1.1", "400"),
                ("version 1.0", "POST /v1/lines?source=web HTTP/1.0", "200"),
            ("two blanks behind the method", "POST  /v1/lines?source=web HTTP/1.1", "400"),
                ("two blanks before the version", "POST /v1/lines?source=web  HTTP/1.1", "200"),
                ("tabs for blanks", "POST\t/v1/lines?source=web\tHTTP/1.1", "400"),
                ("a blank before the method", " POST /v1/lines?source=web HTTP/1.1", "400"),
            ("a blank in the target", "POST /v1/lines ?source=web HTTP/1.1", "400"),
                ("NUL in the target", "POST /v1/lines\0?source=web HTTP/1.1", "400"),
                ("an escaped NUL in the path", "POST /v1/lines%00?source=web HTTP/1.1", "400"),
                ("a bare carriage return in the target", "POST /v1/lines?source=web\r HTTP/1.1", "400"),
            ("an escaped line end in the query", "POST /v1/lines?source=web%0d%0aHost:%20y HTTP/1.1", "400"),
                ("a fragment", "POST /v1/lines?source=web#a HTTP/1.1", "400"),
                ("bytes above 127 in the target", "POST /v1/lines\xe9?source=web HTTP/1.1", "400"),
            ("a whole address", "POST http://x/v1/lines?source=web HTTP/1.1", "200"),
                ("a whole address of another host", "POST http://y/v1/lines?source=web HTTP/1.1", "400"),
                ("an authority", "POST x:80 HTTP/1.1", "405"), ("an asterisk", "POST * HTTP/1.1", "405"),
                ("an asterisk and OPTIONS", "OPTIONS * HTTP/1.1", "404"),
            ("CONNECT", "CONNECT x:80 HTTP/1.1", "400"), ("a method in small letters", "post /v1/lines?source=web HTTP/1.1", "405"),
                ("an unknown method", "PUSH /v1/lines?source=web HTTP/1.1", "405"),
                ("a method that is none", "PO(ST /v1/lines?source=web HTTP/1.1", "400"),
                ("no method", "/v1/lines?source=web HTTP/1.1", "400"),
            ("two slashes", "POST //v1/lines?source=web HTTP/1.1", "404"), ("a backslash", "POST \\v1\\lines?source=web HTTP/1.1", "400"),
                ("a target of 5 kB", "POST /v1/lines?source=web&x=" + new string('a', 5_000) + " HTTP/1.1", "414"),
                ("two sources", "POST /v1/lines?source=web&SOURCE=loose HTTP/1.1", "400"),
            ("a source behind a semicolon", "POST /v1/lines?source=web;source=loose HTTP/1.1", "400"),
                ("dots in the path", "POST /x/../v1/lines?source=web HTTP/1.1", "200"),
                ("an escaped letter in the path", "POST /v1/%6cines?source=web HTTP/1.1", "200"),
                ("an escaped slash in the path", "POST /v1%2flines?source=web HTTP/1.1", "404"),
        }.Select(v => new RawRequest("a first line with " + v.Name, v.Line + "\r\n" + Fields + Close + Two + "\r\n1\n", v.Statuses)),
        new("HTTP/0.9", "GET /healthz\r\n", "400"),
        new("HTTP/0.9 with a bare line feed", "GET /healthz\n", "400"),
        new("an empty line before", "\r\n" + Push(Close + Two, "1\n"), "200"),
        new("two empty lines before", "\r\n\r\n" + Push(Close + Two, "1\n"), "200"),
        new("a bare line feed before", "\n" + Push(Close + Two, "1\n"), "200"),
        new("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", ""),
        new("a hello of TLS", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003" + new string('\u0007', 500) + "\r\n", "400"),
        new("zeros", new string('\0', 8_000), "400"),
        new("line ends without end", string.Concat(Enumerable.Repeat("\r\n", 20_000)), "", Ends: true),
    ];
}
