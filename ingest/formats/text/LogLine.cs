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
/// What the access logs of nginx and Apache share: how a line begins. <see cref="LogRequest"/> reads its request, and
/// <see cref="LogFields"/> the fields behind it.
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
        var quote = LogFields.ClosingQuote(text);
        if (quote < 0 || !LogRequest.TryRead(text[..quote], ref request))
        {
            return false;
        }
        rest = text[(quote + 1)..];
        return true;
    }
}
