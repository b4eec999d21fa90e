using System.Runtime.CompilerServices;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// The first hop (promise 3): of a well-formed line it keeps time, address, and either XenCenter's version or four characters of the VM's
/// id.
/// Nothing else of the line leaves this class.
/// </summary>
internal static class Minimiser
{
    /// <summary>Adds the request's record, or its rejection, to the block.</summary>
    public static void Take(scoped in Request request, ParsedLines into)
    {
        var asked = Classifier.Path(request.Path);
        if (asked == Asked.Other)
        {
            Reject(Reason.OtherPath, asked, request, into);
        }
        else if (!request.Method.SequenceEqual("GET"u8))
        {
            // All clients of both files use GET; methods are case-sensitive.
            Reject(Reason.NotGet, asked, request, into);
        }
        else if (asked == Asked.AgentUpdates)
        {
            // Whatever the client: older agents have no name, newer ones an unknown name, and both ask for this list only.
            TakeAgent(request, into);
        }
        else if (Classifier.TryVersion(request.Agent, out var version, out var reason))
        {
            into.AddXenCenter(request.Micros, request.Address, version);
        }
        else
        {
            Reject(reason, asked, request, into);
        }
    }

    /// <summary>Counts the line under its rule too. Out of the way of records.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Reject(Reason reason, Asked asked, scoped in Request request, ParsedLines into)
    {
        var rule = RuleFinder.Find(asked, request.Path, request.Query, request.Method, request.Agent);
        into.Reject(reason, rule, RuleTable.All[rule].Shape switch { Shaped.Agent => request.Agent, Shaped.Path => request.Path, _ =>
            default });
    }

    private static void TakeAgent(scoped in Request request, ParsedLines into)
    {
        Span<byte> prefix = stackalloc byte[4];
        switch (CutId(request.Query, prefix))
        {
            case Id.Short:
                into.AddAgent(request.Micros, request.Address, prefix);
                break;
            case Id.Whole:
                into.LongIds++;
                into.AddAgent(request.Micros, request.Address, prefix);
                break;
            case Id.Bad:
                into.BadIds++;
                into.AddAgent(request.Micros, request.Address, default);
                break;
            default:
                into.AddAgent(request.Micros, request.Address, default);
                break;
        }
    }

    internal enum Id : byte { Absent, Short, Whole, Bad }

    /// <summary>
    /// Finds the first `id` of a query and cuts it to four lower-case characters. The query is `key=value` with `&amp;` between: App
    /// Service appends X-ARR-LOG-ID, so `id` is rarely alone.
    /// The key is lower case as all agents write it. Well-formed are exactly four hex digits, which newer agents send, and a UUID of 36
    /// characters, which the published ones send.
    /// Percent-encoding is not decoded: hex digits and hyphens are never encoded.
    /// </summary>
    internal static Id CutId(ReadOnlySpan<byte> query, Span<byte> prefix)
    {
        while (query.Length > 0)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            if (pair.StartsWith("id"u8) && (pair.Length == 2 || pair[2] == '='))
            {
                return pair.Length == 2 ? Id.Bad : Cut(pair[3..], prefix);
            }
            if (end < 0)
            {
                break;
            }
            query = query[(end + 1)..];
        }
        return Id.Absent;
    }

    private static Id Cut(ReadOnlySpan<byte> value, Span<byte> prefix)
    {
        if (value.Length is not (4 or 36))
        {
            return Id.Bad;
        }
        for (var i = 0; i < value.Length; i++)
        {
            var fits = value.Length == 36 && i is 8 or 13 or 18 or 23 ? value[i] == '-' : IsHex(value[i]);
            if (!fits)
            {
                return Id.Bad;
            }
        }
        for (var i = 0; i < 4; i++)
        {
            // A digit has this bit already.
            prefix[i] = (byte)(value[i] | 0x20);
        }
        return value.Length == 4 ? Id.Short : Id.Whole;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsHex(byte c) => (uint)(c - '0') <= 9 || (uint)((c | 0x20) - 'a') <= 5;
}
