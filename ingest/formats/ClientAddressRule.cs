using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// Whose address a request has when it came through others: the field that names the client, the networks whose peers are believed about
/// it, and what becomes of the rest.
/// Without such a rule the peer is the client.
/// </summary>
/// <param name="Field">As the format names it: `$http_x_forwarded_for`, a W3C column, a JSON member. Its value is one address, or a list
/// whose last was added by the nearest proxy.</param>
/// <param name="From">Networks of our own proxies. A peer of another network could have written what it likes.</param>
/// <param name="PeerOtherwise">What a request from another network is: true, of its peer (clients may come directly); false, a
/// rejection.</param>
public sealed record ClientAddressRule(string Field, IReadOnlyList<IPNetwork> From, bool PeerOtherwise)
{
    private readonly (UInt128 Network, UInt128 Mask)[] _from = [.. From.Select(Numbers)];

    /// <inheritdoc cref="ClientAddressRule"/>
    public IReadOnlyList<IPNetwork> From { get; } = From;

    /// <summary>Blanks in a list are + in W3C logs.</summary>
    private static ReadOnlySpan<byte> Blanks => " \t+"u8;

    /// <summary>The client's address in the form of <see cref="ClientAddress"/>, or false: <see cref="Reason.UntrustedAddress"/>.</summary>
    /// <param name="peer">Normalised.</param>
    /// <param name="list">The field's value; `-` and empty are none.</param>
    /// <param name="scratch">At least <see cref="ClientAddress.MaxLength"/> bytes, which the peer does not lie in; may hold the
    /// result.</param>
    internal bool TryClient(ReadOnlySpan<byte> peer, ReadOnlySpan<byte> list, Span<byte> scratch, out ReadOnlySpan<byte> client)
    {
        client = peer;
        if (!IsOurs(peer))
        {
            return PeerOtherwise;
        }
        // From the nearest to the farthest: the first that is no proxy of ours is the client; what stands before it, the client may have
        // written.
        while (!list.IsEmpty)
        {
            var comma = list.LastIndexOf((byte)',');
            if (!ClientAddress.TryNormalise(Node(list[(comma + 1)..].Trim(Blanks)), scratch, out client))
            {
                // `unknown` and `_hidden` too: a proxy of ours says that it does not know, or does not tell.
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

    /// <summary>The address in an element of a list: itself, or in one of RFC 7239 what follows `for=`, without quotes.</summary>
    private static ReadOnlySpan<byte> Node(ReadOnlySpan<byte> element)
    {
        if (!element.Contains((byte)'='))
        {
            return element;
        }
        while (!element.IsEmpty)
        {
            var end = element.IndexOf((byte)';');
            var pair = (end < 0 ? element : element[..end]).Trim(Blanks);
            if (pair.Length > 4 && Ascii.EqualsIgnoreCase(pair[..4], "for="u8))
            {
                return Unquoted(pair[4..]);
            }
            element = end < 0 ? default : element[(end + 1)..];
        }
        return default;
    }

    /// <summary>Without the quotes of a header's value, as they are or as nginx and Apache escape them.</summary>
    private static ReadOnlySpan<byte> Unquoted(ReadOnlySpan<byte> text)
    {
        var quote = text[0] == '"' ? 1 : text.StartsWith("\\\""u8) ? 2 : text.StartsWith("\\x22"u8) ? 4 : 0;
        return text.Length > 2 * quote && text.EndsWith(text[..quote]) ? text[quote..^quote] : text;
    }

    private bool IsOurs(ReadOnlySpan<byte> address)
    {
        var number = ClientAddress.Number(address);
        foreach (var (network, mask) in _from)
        {
            if ((number & mask) == network)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>A network of IPv4 is the one of its mapped addresses, however it was written: peers are compared as they are
    /// kept.</summary>
    private static (UInt128 Network, UInt128 Mask) Numbers(IPNetwork network)
    {
        var bytes = network.BaseAddress.MapToIPv6().GetAddressBytes();
        var length = network.PrefixLength + (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 96 : 0);
        var mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);
        return (BinaryPrimitives.ReadUInt128BigEndian(bytes) & mask, mask);
    }
}
