using Pipeline.Core;

namespace Pipeline.Ingest.Formats;

/// <summary>One format of web logs. Without state: one instance serves all threads.</summary>
public interface ILineFormat
{
    /// <summary>The name that `--format` and the configuration use.</summary>
    string Name { get; }

    /// <summary>
    /// Parses whole lines (`\n` at their end, before it an optional `\r`; the last may lack both when its source is final) and adds what they became. Never throws for what the bytes are.
    /// </summary>
    /// <param name="fields">The W3C field list in force before the block, the text of `#Fields:` after the colon, trimmed; null when there is none, or the format has none.</param>
    /// <returns>The field list in force after the block.</returns>
    string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into);

    /// <summary>The field list in force after the block, found without parsing, so that blocks can be parsed side by side.</summary>
    string? FieldsAfter(ReadOnlySpan<byte> block, string? fields);

    /// <summary>Whether a line (with or without its terminator) belongs to the format and is no data line.</summary>
    bool IsDirective(ReadOnlySpan<byte> line);
}

/// <summary>The formats that this version reads.</summary>
public static class Formats
{
    public static IReadOnlyList<ILineFormat> All { get; } = [new CombinedFormat(), new W3cFormat(), new AppServiceJsonFormat()];

    /// <exception cref="PipelineException">No format has this name.</exception>
    public static ILineFormat Named(string name) =>
        All.FirstOrDefault(format => format.Name == name)
        ?? throw new PipelineException(ExitCode.WrongUsage, $"no log format is called '{name}'; expected one of {string.Join(", ", All.Select(format => format.Name))}");
}
