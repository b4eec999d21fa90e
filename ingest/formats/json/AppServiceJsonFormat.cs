using System.Text;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// AppServiceHTTPLogs of Azure's diagnostic settings. `properties` is an object (Windows) or a JSON text in a string (Linux). Missing
/// values are "-", "--", "" or null.
/// </summary>
public sealed class AppServiceJsonFormat : JsonFormat
{
    private const int Time = First, Category = 3, Method = 4, Stem = 5, Query = 6, Address = 7, Agent = 8, Slots = 9;

    private static readonly JsonNames Names = new(
        anyCase: true, textToo: false, ("records", Records, null), ("time", Time, null), ("category", Category, null),
            ("properties", Row, new JsonNames(
            anyCase: true, textToo: true, ("CsMethod", Method, null), ("CsUriStem", Stem, null), ("CsUriQuery", Query, null),
                ("CIp", Address, null), ("UserAgent", Agent, null))));

    public AppServiceJsonFormat()
        : base("appservice-json", Names, Slots)
    {
    }

    private protected override void Take(scoped in JsonRecord record, scoped ref JsonWork work, ParsedLines into)
    {
        var request = new Request { Method = record.Text(Method), Path = record.Text(Stem) };
        var isShaped = record.Kind(Time) != JsonKind.Missing && record.IsText(Method) && record.IsText(Stem) && record.IsText(Address)
            && record.IsTextOrMissing(Query) && record.IsTextOrMissing(Agent)
            && !request.Path.IsEmpty && !request.Method.IsEmpty && (record.Kind(Category) == JsonKind.Missing
                || Ascii.EqualsIgnoreCase(record.Text(Category), "AppServiceHTTPLogs"u8));
        if (!isShaped || !ClientAddress.TryNormalise(record.Text(Address), work.Peer, out request.Address))
        {
            into.Reject(Reason.Malformed);
            return;
        }
        if (!record.IsText(Time) || !work.Clock.TryRead(record.Text(Time), out request.Micros))
        {
            into.Reject(Reason.BadTime);
            return;
        }
        var agent = record.IsText(Agent) ? record.Text(Agent) : default;
        request.Query = record.IsText(Query) ? record.Text(Query) : default;
        request.Agent = agent.SequenceEqual("--"u8) ? default : agent;
        Minimiser.Take(request, into);
    }
}
