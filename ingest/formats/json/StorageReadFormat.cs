using System.Text;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// Azure Storage's StorageRead resource logs, of a blob container or a static website. What was done is named by operation: GetBlob, and
/// GetWebContent of a static website, are GET, any other is its own name.
/// Of a shared access signature in `uri` nothing is kept, as of every query but `id`.
/// </summary>
public sealed class StorageReadFormat : JsonFormat
{
    private const int Time = First, Category = 3, Operation = 4, Uri = 5, Address = 6, Agent = 7, Slots = 8;

    private static readonly JsonNames Names = new(
        anyCase: true, textToo: false, ("records", Records, null), ("time", Time, null), ("category", Category, null),
            ("operationName", Operation, null), ("uri", Uri, null), ("callerIpAddress", Address, null),
        ("properties", Row, new JsonNames(anyCase: true, textToo: false, ("userAgentHeader", Agent, null))));

    public StorageReadFormat()
        : base("storage-read", Names, Slots)
    {
    }

    private protected override void Take(scoped in JsonRecord record, scoped ref JsonWork work, ParsedLines into)
    {
        var request = new Request();
        var operation = record.Text(Operation);
        var isShaped = record.Kind(Time) != JsonKind.Missing && record.IsText(Operation) && !operation.IsEmpty && record.IsText(Uri)
            && record.IsText(Address) && record.IsTextOrMissing(Agent)
            && (record.Kind(Category) == JsonKind.Missing || Ascii.EqualsIgnoreCase(record.Text(Category), "StorageRead"u8));
        if (!isShaped || !TryTarget(record.Text(Uri), ref request) || !ClientAddress.TryNormalise(record.Text(Address), work.Peer,
            out request.Address))
        {
            into.Reject(Reason.Malformed);
            return;
        }
        if (!record.IsText(Time) || !work.Clock.TryRead(record.Text(Time), out request.Micros))
        {
            into.Reject(Reason.BadTime);
            return;
        }
        request.Method = operation.SequenceEqual("GetBlob"u8) || operation.SequenceEqual("GetWebContent"u8) ? "GET"u8
            : operation.SequenceEqual("GET"u8) ? default : operation;
        request.Agent = record.IsText(Agent) ? record.Text(Agent) : default;
        Minimiser.Take(request, into);
    }
}
