using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Push;

/// <summary>Whether a body says anything.</summary>
internal static class PushLines
{
    /// <summary>Whether the body has a line. Directives are none; an empty line is one, and is rejected as such.</summary>
    public static bool HasAny(ILineFormat format, ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            var end = body.IndexOf((byte)'\n');
            if (!format.IsDirective(end < 0 ? body : body[..end]))
            {
                return true;
            }
            body = end < 0 ? default : body[(end + 1)..];
        }
        return false;
    }
}
