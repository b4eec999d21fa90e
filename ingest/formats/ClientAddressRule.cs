using System.Net;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// Whose address a request has when it came through others: the field that names the client, the networks whose peers are believed about it, and what becomes of the rest.
/// Without such a rule the peer is the client.
/// </summary>
/// <param name="Field">As the format names it: `$http_x_forwarded_for`, a W3C column, a JSON member. Its value is one address, or a list whose last was added by the nearest proxy.</param>
/// <param name="From">Networks of our own proxies. A peer of another network could have written what it likes.</param>
/// <param name="PeerOtherwise">What a request from another network is: true, of its peer (clients may come directly); false, a rejection.</param>
public sealed record ClientAddressRule(string Field, IReadOnlyList<IPNetwork> From, bool PeerOtherwise)
{
    /// <summary>Blanks in a list are + in W3C logs.</summary>
    private static ReadOnlySpan<byte> Blanks => " \t+"u8;

    /// <summary>The client's address in the form of <see cref="ClientAddress"/>, or false: <see cref="Reason.UntrustedAddress"/>.</summary>
    /// <param name="peer">Normalised.</param>
    /// <param name="list">The field's value; `-` and empty are none.</param>
    /// <param name="scratch">At least <see cref="ClientAddress.MaxLength"/> bytes, which the peer does not lie in; may hold the result.</param>
    internal bool TryClient(ReadOnlySpan<byte> peer, ReadOnlySpan<byte> list, Span<byte> scratch, out ReadOnlySpan<byte> client)
    {
        client = peer;
        if (!IsOurs(peer))
        {
            return PeerOtherwise;
        }
        // From the nearest to the farthest: the first that is no proxy of ours is the client; what stands before it, the client may have written.
        while (!list.IsEmpty)
        {
            var comma = list.LastIndexOf((byte)',');
            if (!ClientAddress.TryNormalise(list[(comma + 1)..].Trim(Blanks), scratch, out client))
            {
                return false;
            }
            if (!IsOurs(client))
            {
                return true;
            }
            list = comma < 0 ? default : list[..comma];
        }
        return false;
    }

    private bool IsOurs(ReadOnlySpan<byte> address)
    {
        var parsed = IPAddress.Parse(address);
        foreach (var network in From)
        {
            if (network.Contains(parsed))
            {
                return true;
            }
        }
        return false;
    }
}
