using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Core.Records;

/// <summary>
/// Authenticates captures and snapshots: HMAC-SHA256 under a key derived from the installation's. Only a process that holds the
/// installation key can make one;
/// the topic and the store cannot. Safe to use from many threads.
/// </summary>
/// <param name="keyId">The id of the installation key, 16 hex digits.</param>
public sealed class CaptureKey(string keyId, byte[] secret)
{
    /// <summary>Bytes of a code.</summary>
    public const int CodeLength = 32;

    public string KeyId { get; } = keyId;

    /// <summary>The code of <paramref name="start"/> and <paramref name="rest"/>, one behind the other.</summary>
    public void Authenticate(ReadOnlySpan<byte> start, ReadOnlySpan<byte> rest, Span<byte> code)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        mac.AppendData(start);
        mac.AppendData(rest);
        mac.GetHashAndReset(code);
    }

    public bool IsAuthentic(ReadOnlySpan<byte> start, ReadOnlySpan<byte> rest, ReadOnlySpan<byte> code)
    {
        Span<byte> expected = stackalloc byte[CodeLength];
        Authenticate(start, rest, expected);
        return CryptographicOperations.FixedTimeEquals(expected, code);
    }

    /// <summary>
    /// A copy in which the JSON member `kid` names this key. Where the copy is authentic and the bytes are not, this installation made
    /// them, and one flipped
    /// bit in that member must not read as another installation's key.
    /// </summary>
    internal byte[] WithOurId(ReadOnlySpan<byte> bytes)
    {
        var name = "\"kid\":\""u8;
        var (copy, id) = (bytes.ToArray(), Encoding.ASCII.GetBytes(KeyId));
        if (copy.AsSpan().IndexOf(name) is >= 0 and var at && at + name.Length + id.Length <= copy.Length)
        {
            id.CopyTo(copy, at + name.Length);
        }
        return copy;
    }
}
