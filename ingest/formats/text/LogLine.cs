using System.Runtime.CompilerServices;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>What stands behind the request in a line of one log format.</summary>
internal interface ILogTail
{
    static abstract bool TryTail(ReadOnlySpan<byte> text, scoped ref Request request);
}

/// <summary>
/// What the access logs of nginx and Apache share: how a line begins, what a request looks like, and where a quoted field ends.
/// Escapes (nginx `\xHH`, Apache `\"`, `\\`, `\n`, `\xhh`) are stepped over and never decoded: no address, method, file name or agent of
/// ours contains a byte that servers escape.
/// </summary>
internal static class LogLine
{
    /// <summary>Lines of a format that begins as both servers' do. Compiled once for each tail, so that its check costs no call.</summary>
    public static void Parse<TTail>(ReadOnlySpan<byte> block, ParsedLines into)
        where TTail : ILogTail
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<byte> scratch = stackalloc byte[ClientAddress.MaxLength];
        var clock = new LogClock();
        var lines = new LineReader(block);
        scoped Request request;
        while (lines.Next(out var line))
        {
            request = default;
            into.NextLine();
            if (lines.Refuses(line, out var reason) || !TryRead<TTail>(line, scratch, ref clock, ref request, out reason))
            {
                into.Reject(reason);
                continue;
            }
            Minimiser.Take(request, into);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryRead<TTail>(ReadOnlySpan<byte> line, Span<byte> scratch, scoped ref LogClock clock, scoped ref Request request,
        out Reason reason)
        where TTail : ILogTail
    {
        reason = Reason.Malformed;
        if (!TryHead(line, scratch, ref clock, ref request, out var timely, out var rest) || !TTail.TryTail(rest, ref request))
        {
            return false;
        }
        reason = Reason.BadTime;
        return timely;
    }

    /// <summary>`address ident user [time] "request"`; a time that has its place but cannot be read leaves <paramref name="timely"/>
    /// false.</summary>
    /// <param name="rest">What follows the quote that closes the request.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryHead(ReadOnlySpan<byte> line, Span<byte> scratch, scoped ref LogClock clock, scoped ref Request request,
        out bool timely, out ReadOnlySpan<byte> rest)
    {
        timely = false;
        rest = default;

        // 1. Address, ident, user.
        var at = ClientAddress.DottedQuad(line);
        if (at > 0 && at < line.Length && line[at] == ' ')
        {
            request.Address = line[..at];
        }
        else
        {
            at = line.IndexOf((byte)' ');
            if (at < 0 || !ClientAddress.TryNormalise(line[..at], scratch, out request.Address))
            {
                return false;
            }
        }
        var text = line[(at + 1)..];
        if (text.StartsWith("- - ["u8))
        {
            text = text[5..];
        }
        else
        {
            // A user's name may hold blanks; the time is the first bracket after a blank.
            var ident = text.IndexOf((byte)' ');
            var bracket = ident <= 0 ? -1 : text[ident..].IndexOf(" ["u8);
            if (bracket <= 0)
            {
                return false;
            }
            text = text[(ident + bracket + 2)..];
        }

        // 2. Time. A time of another length has the shape, but cannot be read.
        if (text.Length > LogClock.Length + 2 && text[LogClock.Length] == ']' && text[LogClock.Length + 1] == ' '
            && text[LogClock.Length + 2] == '"')
        {
            timely = clock.TryRead(text, out request.Micros);
            text = text[(LogClock.Length + 3)..];
        }
        else
        {
            var close = text.IndexOf("] \""u8);
            if (close < 0)
            {
                return false;
            }
            text = text[(close + 3)..];
        }

        // 3. Request.
        var quote = ClosingQuote(text);
        if (quote < 0 || !TryRequest(text[..quote], ref request))
        {
            return false;
        }
        rest = text[(quote + 1)..];
        return true;
    }

    /// <summary>`METHOD target HTTP/x`. The requests of TLS on a plain port, `-` of a client that sent nothing, and the empty one have
    /// another shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRequest(ReadOnlySpan<byte> text, scoped ref Request request)
    {
        ReadOnlySpan<byte> target;
        if (text.StartsWith("GET "u8))
        {
            request.Method = text[..3];
            target = text[4..];
        }
        else
        {
            var blank = text.IndexOf((byte)' ');
            if (blank is <= 0 or > 32 || !IsMethod(text[..blank]))
            {
                return false;
            }
            request.Method = text[..blank];
            target = text[(blank + 1)..];
        }
        var end = target.IndexOf((byte)' ');
        if (end <= 0 || !IsProtocol(target[(end + 1)..]))
        {
            return false;
        }
        Target(target[..end], ref request);
        return true;
    }

    /// <summary>Path and query of a target that is not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Target(ReadOnlySpan<byte> target, scoped ref Request request)
    {
        if (target[0] != '/')
        {
            target = WithoutHost(target);
        }
        var question = target.IndexOf((byte)'?');
        request.Path = question < 0 ? target : target[..question];
        request.Query = question < 0 ? default : target[(question + 1)..];
    }

    /// <summary>A proxy's absolute form, `http://host/path`: without the host, which could look like a file name.</summary>
    private static ReadOnlySpan<byte> WithoutHost(ReadOnlySpan<byte> target)
    {
        var scheme = target.IndexOf("://"u8);
        if (scheme is not (4 or 5))
        {
            return target;
        }
        var host = target[(scheme + 3)..];
        var path = host.IndexOfAny((byte)'/', (byte)'?');
        return path < 0 ? default : host[path..];
    }

    /// <summary>Letters, hyphens and underscores.</summary>
    public static bool IsMethod(ReadOnlySpan<byte> text)
    {
        foreach (var c in text)
        {
            if ((uint)((c | 0x20) - 'a') > 25 && c is not ((byte)'-' or (byte)'_'))
            {
                return false;
            }
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsProtocol(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("HTTP/1.1"u8))
        {
            return true;
        }
        return text.Length is 6 or 8 && text.StartsWith("HTTP/"u8) && (uint)(text[5] - '0') <= 9
            && (text.Length == 6 || (text[6] == '.' && (uint)(text[7] - '0') <= 9));
    }

    /// <summary>` 200 ` and the bytes, a number or `-`, taken from the front of the text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStatusAndBytes(scoped ref ReadOnlySpan<byte> text)
    {
        if (text.Length < 6 || text[0] != ' ' || (uint)(text[1] - '0') > 9 || (uint)(text[2] - '0') > 9 || (uint)(text[3] - '0') > 9
            || text[4] != ' ')
        {
            return false;
        }
        var at = 5;
        if (text[at] == '-')
        {
            at++;
        }
        else
        {
            while (at < text.Length && (uint)(text[at] - '0') <= 9)
            {
                at++;
            }
            if (at == 5)
            {
                return false;
            }
        }
        text = text[at..];
        return true;
    }

    /// <summary>A blank and a quoted field, taken from the front of the text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryQuoted(scoped ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (text.Length < 3 || text[0] != ' ' || text[1] != '"')
        {
            return false;
        }
        var inner = text[2..];
        var quote = ClosingQuote(inner);
        if (quote < 0)
        {
            return false;
        }
        value = inner[..quote];
        text = inner[(quote + 1)..];
        return true;
    }

    /// <summary>Where the field ends that the text begins in: the first quote that no backslash escapes; −1 when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ClosingQuote(ReadOnlySpan<byte> text)
    {
        var at = text.IndexOfAny((byte)'"', (byte)'\\');
        return at < 0 || text[at] == '"' ? at : AfterEscapes(text, at);
    }

    private static int AfterEscapes(ReadOnlySpan<byte> text, int at)
    {
        while (text[at] == '\\')
        {
            at += 2;
            if (at >= text.Length)
            {
                return -1;
            }
            var next = text[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
            {
                return -1;
            }
            at += next;
        }
        return at;
    }
}
