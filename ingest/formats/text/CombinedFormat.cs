using System.Runtime.CompilerServices;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>
/// nginx's and Apache's `combined`: `address ident user [time] "request" status bytes "referrer" "agent"`, then optionally more quoted
/// fields, which are ignored (X-Forwarded-For).
/// A line of `common`, without referrer and agent, is accepted too: its agent is missing.
/// The address is one address: a list of proxies, or a host name, is malformed.
/// </summary>
public sealed class CombinedFormat : ILineFormat, ILogTail
{
    public string Name => "combined";

    public bool IsDirective(ReadOnlySpan<byte> line) => false;

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        LogLine.Parse<CombinedFormat>(block, into);
        return null;
    }

    /// <summary>Status, bytes, referrer, agent, and what may follow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool ILogTail.TryTail(ReadOnlySpan<byte> text, scoped ref Request request)
    {
        if (!LogFields.TryStatusAndBytes(ref text))
        {
            return false;
        }
        if (text.IsEmpty)
        {
            return true;
        }
        if (text.StartsWith(" \"-\""u8))
        {
            text = text[4..];
        }
        else if (!LogFields.TryQuoted(ref text, out _))
        {
            return false;
        }
        if (!LogFields.TryQuoted(ref text, out request.Agent))
        {
            return false;
        }
        while (!text.IsEmpty)
        {
            if (!LogFields.TryQuoted(ref text, out _))
            {
                return false;
            }
        }
        return true;
    }
}
