using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// One JSON object a line, whose members are named by the source's configuration:
/// `ndjson:time=FIELD,client_ip=FIELD,method=FIELD,uri=FIELD`. It takes no part in detection.
/// Names are exact, and dotted where objects lie in objects; among equals the last counts.
/// </summary>
public sealed class NdjsonFormat : JsonFormat
{
    /// <exception cref="Core.PipelineException">2: the parameters, or the rule, do not name what is needed; the message says why, with an
    /// example.</exception>
    public NdjsonFormat(string parameters, ClientAddressRule? client = null)
        : this(NdjsonFields.Of(parameters, client))
    {
        Client = client;
    }

    private NdjsonFormat(NdjsonFields fields)
        : base("ndjson", fields.Names(), NdjsonFields.Slots) => Fields = fields;

    internal NdjsonFields Fields { get; }

    private protected override void Take(scoped in JsonRecord record, scoped ref JsonWork work, ParsedLines into)
    {
        var request = new Request { Method = record.Text(NdjsonFields.Method) };
        var isShaped = record.Kind(NdjsonFields.Time) != JsonKind.Missing && record.IsText(NdjsonFields.Method) && !request.Method.IsEmpty
            && record.IsText(NdjsonFields.Target) && record.IsText(NdjsonFields.Address)
            && record.IsTextOrMissing(NdjsonFields.Query) && record.IsTextOrMissing(NdjsonFields.Agent);
        if (!isShaped || !TryTarget(record, ref request) || !ClientAddress.TryNormalise(record.Text(NdjsonFields.Address), work.Peer,
            out request.Address))
        {
            into.Reject(Reason.Malformed);
            return;
        }
        if (!TryTime(record, ref work.Clock, out request.Micros))
        {
            into.Reject(Reason.BadTime);
            return;
        }
        if (Client is not null && !Client.TryClient(request.Address, record.IsText(NdjsonFields.Clients) ? record.Text(NdjsonFields.Clients)
            : default, work.Behind, out request.Address))
        {
            into.Reject(Reason.UntrustedAddress);
            return;
        }
        request.Agent = record.IsText(NdjsonFields.Agent) ? record.Text(NdjsonFields.Agent) : default;
        Minimiser.Take(request, into);
    }

    private bool TryTarget(scoped in JsonRecord record, scoped ref Request request)
    {
        var target = record.Text(NdjsonFields.Target);
        if (Fields.IsUri)
        {
            return TryTarget(target, ref request);
        }
        var query = record.IsText(NdjsonFields.Query) ? record.Text(NdjsonFields.Query) : default;
        request.Path = target;
        request.Query = query.StartsWith("?"u8) ? query[1..] : query;
        return !target.IsEmpty;
    }

    private bool TryTime(scoped in JsonRecord record, scoped ref IsoClock clock, out long micros)
    {
        micros = 0;
        var text = record.Text(NdjsonFields.Time);
        return Fields.Clock == NdjsonClock.Rfc3339
            ? record.IsText(NdjsonFields.Time) && clock.TryRead(text, out micros)
            : record.Kind(NdjsonFields.Time) is JsonKind.Number or JsonKind.Text && TryUnix(text, Fields.Clock, out micros);
    }

    /// <summary>Whole or decimal, without an exponent; what is finer than a µs is cut off.</summary>
    private static bool TryUnix(ReadOnlySpan<byte> text, NdjsonClock clock, out long micros)
    {
        var digits = clock switch { NdjsonClock.Unix => 6, NdjsonClock.UnixMillis => 3, _ => 0 };
        micros = 0;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        var rest = point < 0 ? default : text[(point + 1)..];
        if (whole.IsEmpty || whole.Length > 17 - digits || (point >= 0 && rest.IsEmpty)
            || whole.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0 || rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0)
        {
            return false;
        }
        foreach (var c in whole)
        {
            micros = micros * 10 + (c - '0');
        }
        for (var i = 0; i < digits; i++)
        {
            micros = micros * 10 + (i < rest.Length ? rest[i] - '0' : 0);
        }
        return Timestamps.InRange(micros);
    }
}
