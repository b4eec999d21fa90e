using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Pipeline.Core.Captures;

/// <summary>
/// Which cold pages may have a file: 64 bits of a hash of each key, and the page, in order of both. Two keys may have the same
/// hash: the page itself decides. Immutable.
/// </summary>
public sealed class ColdIndex
{
    /// <summary>Pages that one index covers: each page repeats the index of those before it in its block.</summary>
    public const int Block = 64;

    /// <summary>Bytes of an entry.</summary>
    private const int EntryBytes = 12;

    private readonly ulong[] _keys;
    private readonly uint[] _pages;

    private ColdIndex(ulong[] keys, uint[] pages) => (_keys, _pages) = (keys, pages);

    public static ColdIndex Empty { get; } = new([], []);

    public int Count => _keys.Length;

    /// <summary>This index and the files of one more page.</summary>
    public ColdIndex With(ColdPage page)
    {
        var all = page.Files.Keys.Select(WithoutOrdinal).Select(Hash).Distinct()
            .Select(key => (key, (uint)page.Page)).Concat(_keys.Zip(_pages)).Order().ToList();
        return new ColdIndex([.. all.Select(entry => entry.Item1)], [.. all.Select(entry => entry.Item2)]);
    }

    /// <summary>The pages that may have a file, whatever its ordinal.</summary>
    /// <param name="key">Source, '/', then the fingerprint.</param>
    public IEnumerable<long> PagesOf(string key)
    {
        var hash = Hash(key);
        var at = Array.BinarySearch(_keys, hash);
        while (at > 0 && _keys[at - 1] == hash)
        {
            at--;
        }
        for (; at >= 0 && at < _keys.Length && _keys[at] == hash; at++)
        {
            yield return _pages[at];
        }
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[_keys.Length * EntryBytes];
        for (var i = 0; i < _keys.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * EntryBytes), _keys[i]);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * EntryBytes + sizeof(ulong)), _pages[i]);
        }
        return bytes;
    }

    /// <exception cref="FormatException">Not whole entries.</exception>
    public static ColdIndex FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % EntryBytes != 0)
        {
            throw new FormatException("an index is of 12 bytes an entry");
        }
        var (keys, pages) = (new ulong[bytes.Length / EntryBytes], new uint[bytes.Length / EntryBytes]);
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * EntryBytes)..]);
            pages[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * EntryBytes + sizeof(ulong))..]);
        }
        return new ColdIndex(keys, pages);
    }

    /// <summary>The key of all files that begin with the same first line.</summary>
    internal static string WithoutOrdinal(string key) =>
        key.IndexOf('.', key.LastIndexOf('/')) is >= 0 and var dot ? key[..dot] : key;

    private static ulong Hash(string key) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key));
}
