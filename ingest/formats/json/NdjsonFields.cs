using System.Text;
using Pipeline.Core;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>What a number or text of a time counts.</summary>
internal enum NdjsonClock : byte { Rfc3339, Unix, UnixMillis, UnixMicros }

/// <summary>The parameters of `ndjson`: which member holds what. Paths are dotted.</summary>
internal sealed record NdjsonFields(IReadOnlyDictionary<int, string> Paths, NdjsonClock Clock, bool IsUri)
{
    public const string Example = "ndjson:time=ts:unix,client_ip=remote_ip,method=request.method,uri=request.uri,agent=request.user_agent";

    public const int MaxDepth = 8, MaxText = 1024;

    public const int Time = 2, Address = 3, Method = 4, Target = 5, Query = 6, Agent = 7, Clients = 8, Slots = 9;

    private static readonly string[] Keys = ["time", "client_ip", "method", "path", "uri", "query", "agent"];

    private static readonly string[] Needed = ["time", "client_ip", "method"];

    private static readonly Dictionary<string, NdjsonClock> Clocks = new() { ["rfc3339"] = NdjsonClock.Rfc3339, ["unix"] = NdjsonClock.Unix,
        ["unixms"] = NdjsonClock.UnixMillis, ["unixus"] = NdjsonClock.UnixMicros };

    /// <exception cref="PipelineException">2: something is wrong with the parameters; the message names it.</exception>
    public static NdjsonFields Of(string parameters, ClientAddressRule? client)
    {
        if (parameters.Length > MaxText)
        {
            throw Wrong($"has {parameters.Length} characters of parameters, at most {MaxText} are read");
        }
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in parameters.Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = parameter.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? parameter : parameter[..equals];
            if (equals < 0 || !Keys.Contains(key))
            {
                throw Wrong($"has '{parameter}'; expected one of {string.Join(", ", Keys.Select(k => k + "=FIELD"))}, with commas between");
            }
            if (!given.TryAdd(key, parameter[(equals + 1)..]))
            {
                throw Wrong($"has {key} twice");
            }
        }
        foreach (var key in Needed.Where(key => !given.ContainsKey(key)))
        {
            throw Wrong($"lacks {key}=FIELD");
        }
        if (given.ContainsKey("path") == given.ContainsKey("uri"))
        {
            throw Wrong("needs either path=FIELD or uri=FIELD, and not both");
        }
        if (given.ContainsKey("uri") && given.ContainsKey("query"))
        {
            throw Wrong("has query beside uri, which holds its query itself; take query out, or name path instead of uri");
        }
        var clock = NdjsonClock.Rfc3339;
        var colon = given["time"].IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            var kind = given["time"][(colon + 1)..];
            clock = Clocks.TryGetValue(kind, out var found) ? found : throw Wrong(
                $"has a time of kind '{kind}'; expected one of {string.Join(", ", Clocks.Keys)}");
            given["time"] = given["time"][..colon];
        }
        var paths = new Dictionary<int, string> { [Time] = given["time"], [Address] = given["client_ip"], [Method] = given["method"],
            [Target] = given.GetValueOrDefault("uri") ?? given["path"] };
        Add(Query, given.GetValueOrDefault("query"));
        Add(Agent, given.GetValueOrDefault("agent"));
        Add(Clients, client?.Field);
        foreach (var path in paths.Values)
        {
            var names = path.Split('.');
            if (names.Length > MaxDepth || names.Any(name => name.Length == 0 || Encoding.UTF8.GetByteCount(name) > JsonNames.MaxLength))
            {
                throw Wrong($"has field '{path}'; expected 1 to {MaxDepth} names of 1 to {JsonNames.MaxLength} bytes with dots between");
            }
            if (paths.Values.Count(other => other == path) > 1)
            {
                throw Wrong($"names field '{path}' for two things");
            }
            if (paths.Values.FirstOrDefault(other => other.StartsWith(path + ".", StringComparison.Ordinal)) is { } inner)
            {
                throw Wrong($"has field '{inner}' within field '{path}', which is to be a text");
            }
        }
        return new(paths, clock, given.ContainsKey("uri"));

        void Add(int slot, string? path)
        {
            if (path is not null)
            {
                paths[slot] = path;
            }
        }
    }

    /// <summary>The tree of names. `records` is an envelope's where no field begins with it.</summary>
    public JsonNames Names()
    {
        var fields = Paths.Select(field => (Names: field.Value.Split('.'), Slot: field.Key)).ToList();
        return Within(fields, 0, fields.Any(field => field.Names[0] == "records") ? [] : [("records", 0, null)]);
    }

    private static JsonNames Within(IEnumerable<(string[] Names, int Slot)> fields, int depth, List<(string, int, JsonNames?)> names)
    {
        foreach (var group in fields.GroupBy(field => field.Names[depth]))
        {
            var leaf = group.FirstOrDefault(field => field.Names.Length == depth + 1);
            names.Add(leaf.Names is null ? (group.Key, -1, Within(group, depth + 1, [])) : (group.Key, leaf.Slot, null));
        }
        return new(anyCase: false, textToo: false, [.. names]);
    }

    private static UsageException Wrong(string what) => new($"format ndjson {what}; for example {Example}");
}
