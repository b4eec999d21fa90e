namespace Pipeline.Ingest.Formats.Text;

/// <summary>
/// The `common` log format: `address ident user [time] "request" status bytes`, and nothing behind it. It has no agent, so every check of
/// XenCenter is `no-agent-string`; agents' requests are told by what they ask for.
/// A line with more is malformed: it is of another format, whose agent would be lost. It takes no part in detection, because `combined`
/// takes its lines too.
/// </summary>
public sealed class CommonFormat : ILineFormat, ILogTail
{
    public string Name => "common";

    public bool IsDirective(ReadOnlySpan<byte> line) => false;

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        LogLine.Parse<CommonFormat>(block, into);
        return null;
    }

    static bool ILogTail.TryTail(ReadOnlySpan<byte> text, scoped ref Request request) => LogFields.TryStatusAndBytes(ref text)
        && text.IsEmpty;
}
