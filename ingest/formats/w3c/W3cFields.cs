using System.Text;
using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Formats.W3c;

/// <summary>A `#Fields` list: how many columns a row has, and where the needed ones are. Names in any case, blanks or tabs between; of two
/// with one name the first counts.</summary>
internal readonly struct W3cFields
{
    /// <summary>IIS has 22 fields, and custom ones seldom add more than a few.</summary>
    public const int MaxColumns = 128;

    /// <summary>A longer list is none that a server wrote; captures repeat the list beside each cursor.</summary>
    public const int MaxListBytes = 4096;

    private W3cFields(string list, ClientAddressRule? client)
    {
        var names = list.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        int At(string name) => Array.FindIndex(names, declared => declared.Equals(name, StringComparison.OrdinalIgnoreCase));
        Columns = names.Length;
        (Date, Time, Address, Method) = (At("date"), At("time"), At("c-ip"), At("cs-method"));
        (Stem, Query, Agent) = (At("cs-uri-stem"), At("cs-uri-query"), At("cs(User-Agent)"));
        Site = At("s-sitename");
        Client = client is null ? -1 : Math.Max(At(client.Field), At($"cs({client.Field})"));
        IsPlain = Site < 0 && client is null;

        // Without the query only the optional prefix is absent; without the agent string every XenCenter would be rejected as nameless,
        // which would be a wrong reason.
        Usable = Columns <= MaxColumns && Date >= 0 && Time >= 0 && Address >= 0 && Method >= 0 && Stem >= 0 && Agent >= 0;
    }

    public int Columns { get; }

    public int Date { get; }

    public int Time { get; }

    public int Address { get; }

    public int Method { get; }

    public int Stem { get; }

    /// <summary>−1 when it is not declared.</summary>
    public int Query { get; }

    public int Agent { get; }

    /// <summary>−1 when it is not declared: logs of IIS have it seldom, those of App Service always.</summary>
    public int Site { get; }

    /// <summary>The field that the source's `client-address` names, by its own name or within `cs(…)`; −1 when it is not
    /// declared.</summary>
    public int Client { get; }

    /// <summary>Rows need no look at site or client.</summary>
    public bool IsPlain { get; }

    /// <summary>Whether rows can be read by this list; otherwise all are malformed.</summary>
    public bool Usable { get; }

    public static W3cFields Of(string? list, ClientAddressRule? client) => list is null ? default : new W3cFields(list, client);

    /// <summary>
    /// The list of a `#Fields:` line with the names that captures may hold (<see cref="ColumnNames"/>), or the same string again when it
    /// says the
    /// same; empty, which no row fits, when it is too long.
    /// </summary>
    /// <param name="client">The field that it names is kept too.</param>
    public static string Read(ReadOnlySpan<byte> line, string? current, ClientAddressRule? client)
    {
        var list = line["#Fields:".Length..].Trim(" \t\r"u8);
        if (list.Length > MaxListBytes)
        {
            return "";
        }
        if (current is not null && current.Length == list.Length && Ascii.Equals(list, current))
        {
            return current;
        }
        var known = ColumnNames.Only(Encoding.UTF8.GetString(list), client?.Field);
        return known == current ? current : known;
    }
}
