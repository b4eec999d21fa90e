using System.Text;
using Pipeline.Core;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// Azure Front Door's access log, Standard, Premium (FrontDoorAccessLog) and Classic (FrontdoorAccessLog). The client is `socketIp`, the
/// peer of the connection;
/// `clientIp` is whatever X-Forwarded-For says, which anybody can write, and counts only by a <see cref="ClientAddressRule"/> that names
/// it.
/// Where an edge asks its parent cache, the request has a row more: that one is a duplicate, recognised by itself (rule 31).
/// </summary>
public sealed class FrontDoorFormat : JsonFormat
{
    /// <summary>The one field that a client-address may name.</summary>
    internal const string ClientField = "clientIp";

    private const int Time = First, Category = 3, Method = 4, Uri = 5, Peer = 6, ClientIp = 7, Agent = 8, Sni = 9, FromClient = 10,
        Slots = 11;

    private static readonly JsonNames Names = new(
        anyCase: true, textToo: false, ("records", Records, null), ("time", Time, null), ("category", Category, null),
            ("properties", Row, new JsonNames(
            anyCase: true, textToo: false, ("httpMethod", Method, null), ("requestUri", Uri, null), ("socketIp", Peer, null),
                (ClientField, ClientIp, null), ("userAgent", Agent, null), ("sni", Sni, null),
            ("isReceivedFromClient", FromClient, null))));

    /// <exception cref="PipelineException">2: the rule names another field than clientIp.</exception>
    public FrontDoorFormat(ClientAddressRule? client = null)
        : base("frontdoor", Names, Slots)
    {
        if (client is not null && client.Field != ClientField)
        {
            throw new UsageException(
                $"format frontdoor knows the client beside its peer (socketIp) by field {ClientField} only, and client-address names " +
                $"{client.Field}; name {ClientField}, or take client-address out.");
        }
        Client = client;
    }

    private protected override void Take(scoped in JsonRecord record, scoped ref JsonWork work, ParsedLines into)
    {
        // 1. Its shape.
        var request = new Request { Method = record.Text(Method) };
        var isShaped = record.Kind(Time) != JsonKind.Missing && record.IsText(Method) && !request.Method.IsEmpty && record.IsText(Uri)
            && record.IsText(Peer) && record.IsTextOrMissing(Agent)
            && (record.Kind(Category) == JsonKind.Missing || Ascii.EqualsIgnoreCase(record.Text(Category), "FrontDoorAccessLog"u8));
        if (!isShaped || !TryTarget(record.Text(Uri), ref request) || !ClientAddress.TryNormalise(record.Text(Peer), work.Peer,
            out request.Address))
        {
            into.Reject(Reason.Malformed);
            return;
        }

        // 2. Its time.
        if (!record.IsText(Time) || !work.Clock.TryRead(record.Text(Time), out request.Micros))
        {
            into.Reject(Reason.BadTime);
            return;
        }

        // 3. Whether the client's own row stands for it, whatever it asked for: its peer is an edge, and no proxy of anybody's.
        if (IsToParentCache(record))
        {
            into.Duplicate(DuplicateRules.ParentCache);
            return;
        }

        // 4. Whose it is, and what it asked for.
        if (Client is not null && !Client.TryClient(request.Address, record.IsText(ClientIp) ? record.Text(ClientIp)
            : default, work.Behind, out request.Address))
        {
            into.Reject(Reason.UntrustedAddress);
            return;
        }
        request.Agent = record.IsText(Agent) ? record.Text(Agent) : default;
        Minimiser.Take(request, into);
    }

    /// <summary>Classic says so in a member, a boolean or its name; Standard and Premium put what no server name can be into
    /// `sni`.</summary>
    private static bool IsToParentCache(scoped in JsonRecord record) => record.Kind(FromClient) switch
    {
        JsonKind.False => true,
        JsonKind.Text => Ascii.EqualsIgnoreCase(record.Text(FromClient), "false"u8),
        _ => false,
    } || (record.IsText(Sni) && record.Text(Sni).SequenceEqual("originshield|parentcache|https|tier2"u8));
}
