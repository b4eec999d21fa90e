using Pipeline.Core;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Formats.W3c;

namespace Pipeline.Ingest.Formats;

/// <summary>One format of web logs. Without state: one instance serves all threads.</summary>
public interface ILineFormat
{
    /// <summary>The name that `--format` and the configuration use.</summary>
    string Name { get; }

    /// <summary>Raised when the parser takes lines that it rejected before: captures tell which one read them.</summary>
    int Version => 1;

    /// <summary>Whether each line is a JSON object, so that a body of lines is NDJSON.</summary>
    bool IsJson => false;

    /// <summary>
    /// Parses whole lines (`\n` at their end, before it an optional `\r`; the last may lack both when its source is final) and adds what
    /// they became. Never throws for what the bytes are.
    /// </summary>
    /// <param name="fields">The W3C field list in force before the block, the text of `#Fields:` after the colon, trimmed; null when there
    /// is none, or the format has none.</param>
    /// <returns>The field list in force after the block.</returns>
    string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into);

    /// <summary>The field list in force after the block, found without parsing, so that blocks can be parsed side by side.</summary>
    string? FieldsAfter(ReadOnlySpan<byte> block, string? fields);

    /// <summary>Whether a line (with or without its terminator) belongs to the format and is no data line.</summary>
    bool IsDirective(ReadOnlySpan<byte> line);
}

/// <summary>The formats that this version reads.</summary>
public static class LogFormats
{
    public static IReadOnlyList<ILineFormat> All { get; } = [new CombinedFormat(), new W3cFormat(), new AppServiceJsonFormat(),
        new FrontDoorFormat(), new StorageReadFormat()];

    /// <summary>What `--format` and the configuration may say beside `auto`.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. All.Select(format => format.Name),
        .. TextFormats.Names,
        .. JsonFormats.Names,
    ];

    /// <param name="spec">A format's name; where the format takes some, a colon and its parameters: `nginx:$remote_addr …`.</param>
    /// <param name="client">Where the client's address is, when the peer is not the client.</param>
    /// <exception cref="PipelineException">No format has this name, or its parameters or the rule do not fit it.</exception>
    public static ILineFormat Named(string spec, ClientAddressRule? client = null) =>
        TextFormats.Find(spec, client) is { } text ? text :
        JsonFormats.Find(spec, client) is { } json ? json :
        All.FirstOrDefault(format => format.Name == spec) is not { } found
            ? throw new UsageException($"no log format is called '{spec}'; expected one of {string.Join(", ", Names)}")
        : client is null ? found
        : throw new UsageException(
            $"format {found.Name} has one address only, and its source names another with client-address; take client-address out, or " +
            $"name a format that has field {client.Field}.");

    /// <summary>The format of a file that was read before, of which only the name is remembered; null, with the reason, when the name is
    /// not enough.</summary>
    public static ILineFormat? Remembered(string name, out string why)
    {
        try
        {
            why = "";
            return Named(name);
        }
        catch (PipelineException e)
        {
            why = $"it was read as {name} before, and no more than this name is remembered; name the format again, with --format or as " +
                $"the source's format in the configuration ({e.Message})";
            return null;
        }
    }
}
