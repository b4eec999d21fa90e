namespace Pipeline.Core.Captures;

/// <summary>
/// The names of W3C columns that a capture may hold. A log chooses its own names behind `#Fields`, so any other name is text that no
/// contract
/// declares: it is stored as <see cref="Unknown"/>, in its place, so that columns keep their positions.
/// </summary>
public static class ColumnNames
{
    /// <summary>Stands for a name that is not known. No server writes a column of this name.</summary>
    public const string Unknown = "-";

    private static readonly string[] Headers =
    [
        "User-Agent", "Cookie", "Referer", "Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "X-Client-IP", "X-Original-For",
            "X-Azure-ClientIP",
        "X-Azure-SocketIP", "X-Azure-Ref", "X-Appgw-Trace-Id", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP",
    ];

    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "date", "time", "s-sitename", "s-computername", "s-ip", "s-port", "c-ip", "c-port", "cs-method", "cs-uri-stem", "cs-uri-query",
            "cs-username",
        "cs-version", "cs-host", "cs-bytes", "sc-status", "sc-substatus", "sc-win32-status", "sc-bytes", "time-taken", "streamid",
            "cs-protocol-version",
    };

    static ColumnNames()
    {
        foreach (var header in Headers)
        {
            Known.Add(header);
            Known.Add($"cs({header})");
        }
    }

    /// <summary>The name as this table spells it, or null where it is not known. Case does not count.</summary>
    public static string? Find(ReadOnlySpan<char> name) =>
        Known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var known) ? known : null;

    /// <summary>A field list with nothing but known names and placeholders, one blank between them.</summary>
    /// <param name="own">A name that the operator's configuration gives: it is kept, bare or within `cs(…)`. Null: there is none.</param>
    public static string Only(string fields, string? own = null) =>
        string.Join(' ', fields.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .Select(name => Find(name) ?? Own(name, own) ?? Unknown));

    private static string? Own(string name, string? own) => own is null ? null
        : name.Equals(own, StringComparison.OrdinalIgnoreCase) ? own
        : name.Equals($"cs({own})", StringComparison.OrdinalIgnoreCase) ? $"cs({own})"
        : null;
}
