using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Core.Records;

/// <summary>
/// The one key of an installation (rule 28), from which the keys for rows, cursors, pushes and names are derived (HKDF-SHA256, the purpose
/// as info).
/// Its id, <see cref="Kid"/>, stands in captures, snapshots and commits; another id is refused, never taken for a mismatch.
/// </summary>
public sealed class InstallationKey
{
    public const int Length = 32;

    private readonly byte[] _secret;

    public InstallationKey(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Length)
        {
            throw new ArgumentException($"an installation key is {Length} bytes, not {secret.Length}", nameof(secret));
        }
        _secret = secret.ToArray();
        KeyId = Convert.ToHexStringLower(Derive("kid", 8));
    }

    /// <summary>16 hex digits that name the key and tell nothing about it.</summary>
    public string KeyId { get; }

    public static InstallationKey New() => new(RandomNumberGenerator.GetBytes(Length));

    /// <summary>The key that rows are hashed with.</summary>
    public byte[] RowKey() => Derive("rows", 24);

    /// <summary>Keyed hashes of file positions: fingerprints and checks (rule 34). 32 hex digits.</summary>
    public KeyedHash Cursors() => new(Derive("cursors", 32));

    /// <summary>Keyed hashes of push streams and bodies (rule 32). 32 hex digits.</summary>
    public KeyedHash Pushes() => new(Derive("pushes", 32));

    /// <summary>What captures and snapshots are authenticated with. 32 bytes of key, 32 bytes of code.</summary>
    public CaptureKey Captures() => new(KeyId, Derive("captures", 32));

    /// <summary>Keyed hashes of file names, which stand for them in a log. 32 hex digits.</summary>
    public KeyedHash Names() => new(Derive("names", 32));

    private byte[] Derive(string purpose, int length) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, length,
        info: Encoding.ASCII.GetBytes("pipeline/" + purpose));

    internal ReadOnlySpan<byte> Secret => _secret;
}

/// <summary>HMAC-SHA256 cut to 128 bits, as 32 lower-case hex digits. Safe to use from many threads.</summary>
public sealed class KeyedHash(byte[] key)
{
    public string Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> mac = stackalloc byte[32];
        HMACSHA256.HashData(key, bytes, mac);
        return Convert.ToHexStringLower(mac[..16]);
    }

    public string Of(Stream stream)
    {
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, stream).AsSpan(0, 16));
    }
}
