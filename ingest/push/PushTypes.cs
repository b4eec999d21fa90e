using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Push;

/// <summary>Which Content-Types a source takes, and how one that it does not take is named in an answer: from a list, because no answer
/// holds content of a request.</summary>
internal static class PushTypes
{
    private const string Text = "text/plain", Ndjson = "application/x-ndjson", Json = "application/json";

    /// <summary>What clients are known to send by themselves: the second is what `curl -d` and `--data-binary` say.</summary>
    private static readonly string[] Named =
    [
        Text, "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream", Ndjson, "application/ndjson",
            "application/jsonl", Json,
        "application/gzip", "application/zstd", "text/csv", "text/html", "application/xml", "text/xml", "br", "deflate", "compress", "gzip",
            "zstd", "identity",
    ];

    /// <summary>Why the type is not taken, or null.</summary>
    public static string? Refuse(StringValues types, ILineFormat format)
    {
        string[] taken = format.IsJson ? [Ndjson, Json, Text] : [Text];
        var type = types.Count == 1 && MediaTypeHeaderValue.TryParse(types[0], out var parsed) ? parsed : null;
        var fits = type is not null && taken.Any(t => type.MediaType.Equals(t, StringComparison.OrdinalIgnoreCase));
        if (fits && IsUtf8(type!))
        {
            return null;
        }
        return $"Found Content-Type " +
            $"{(fits ? $"{Known(type!.MediaType.ToString())} with a charset that is not UTF-8" : Known(type?.MediaType.ToString() ?? types))}, "
            + $"expected {string.Join(" or ", taken)}, in UTF-8, for a source of format {format.Name}. Nothing was captured. "
            + $"Send the header, with curl: -H 'Content-Type: {taken[0]}'.";
    }

    /// <summary>A value in words that hold nothing of it where it is not in the list.</summary>
    public static string Known(StringValues values) => values.Count switch
    {
        0 => "none",
        1 => Array.Find(Named, name => string.Equals(name, values[0], StringComparison.OrdinalIgnoreCase)) ?? "another one",
        _ => $"{values.Count} times",
    };

    private static bool IsUtf8(MediaTypeHeaderValue type) =>
        !type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset) is var charset
            && (charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
                || charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase));
}
