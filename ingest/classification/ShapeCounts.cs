using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// Counts lines by shape, with at most <see cref="Most"/> shapes at a time. Where one more comes, one is taken from each that is there and
/// counted as other, with the newcomer (Misra and Gries): what is counted never exceeds
/// what came, nothing is lost from the sum, and a shape that more than one line in <see cref="Most"/> + 1 has is certainly told. Allocates
/// nothing after it was made. Of one thread at a time.
/// </summary>
public sealed class ShapeCounts
{
    public const int Most = 16;

    private readonly byte[] _shapes = new byte[Most * Shape.Most];
    private readonly long[] _hashes = new long[Most];
    private readonly long[] _counts = new long[Most];
    private readonly byte[] _lengths = new byte[Most];
    private int _used;

    /// <summary>Lines whose shapes are not told.</summary>
    public long Other { get; private set; }

    public void Add(ReadOnlySpan<byte> text)
    {
        Span<byte> shape = stackalloc byte[Shape.Most];
        shape.Clear();
        var length = Shape.Write(text, shape);
        var hash = Hash(shape);
        for (var from = 0; _hashes.AsSpan(from, _used - from).IndexOf(hash) is >= 0 and var found; from += found + 1)
        {
            if (Of(from + found).SequenceEqual(shape))
            {
                _counts[from + found]++;
                return;
            }
        }
        if (_used == Most)
        {
            MakeRoom();
            return;
        }
        shape.CopyTo(Of(_used));
        (_hashes[_used], _lengths[_used], _counts[_used]) = (hash, (byte)length, 1);
        _used++;
    }

    /// <summary>Shape → lines, without <see cref="Other"/>.</summary>
    public IEnumerable<KeyValuePair<string, long>> All() =>
        Enumerable.Range(0, _used).Select(at => KeyValuePair.Create(Encoding.ASCII.GetString(Of(at)[.._lengths[at]]), _counts[at]));

    public void Clear() => (_used, Other) = (0, 0);

    /// <summary>The newcomer and one of each are other. What has none left goes.</summary>
    private void MakeRoom()
    {
        Other += Most + 1;
        var kept = 0;
        for (var at = 0; at < Most; at++)
        {
            if (--_counts[at] == 0)
            {
                continue;
            }
            if (kept < at)
            {
                Of(at).CopyTo(Of(kept));
                (_hashes[kept], _lengths[kept], _counts[kept]) = (_hashes[at], _lengths[at], _counts[at]);
            }
            kept++;
        }
        _used = kept;
    }

    private Span<byte> Of(int at) => _shapes.AsSpan(at * Shape.Most, Shape.Most);

    private static long Hash(ReadOnlySpan<byte> shape)
    {
        var hash = 0UL;
        foreach (var part in MemoryMarshal.Cast<byte, ulong>(shape))
        {
            hash = (hash ^ part) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 29;
        }
        return (long)hash;
    }
}

/// <summary>Shapes as captures have them: `agent:A/9.9`, `path:/a/a.a`, and `agent:other`, `path:other` for those that are not told. No
/// shape has the word `other` in it.</summary>
public static class ShapeNames
{
    public const string Agent = "agent:", Path = "path:", Other = "other";

    /// <summary>The most of one kind in a read.</summary>
    public const int MaxOfAKind = ShapeCounts.Most;

    /// <summary>What a block counted; null where nothing.</summary>
    public static SortedDictionary<string, long>? Of(ShapeCounts agents, ShapeCounts paths)
    {
        var all = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (kind, counts) in new[] { (Agent, agents), (Path, paths) })
        {
            foreach (var (shape, lines) in counts.All())
            {
                all[kind + shape] = lines;
            }
            if (counts.Other > 0)
            {
                all[kind + Other] = counts.Other;
            }
        }
        return all.Count == 0 ? null : all;
    }

    /// <summary>The most frequent of each kind, the rest as other: what several blocks counted is as small as what one did, and the sum is
    /// the same.</summary>
    public static SortedDictionary<string, long>? Cut(SortedDictionary<string, long>? shapes)
    {
        if (shapes is null || shapes.Count <= MaxOfAKind)
        {
            return shapes;
        }
        var cut = new SortedDictionary<string, long>(shapes, StringComparer.Ordinal);
        foreach (var kind in new[] { Agent, Path })
        {
            foreach (var (shape, lines) in shapes.Where(s => s.Key.StartsWith(kind, StringComparison.Ordinal) && s.Key != kind + Other)
                .OrderByDescending(s => s.Value).ThenBy(s => s.Key, StringComparer.Ordinal).Skip(MaxOfAKind))
            {
                cut.Remove(shape);
                cut[kind + Other] = cut.GetValueOrDefault(kind + Other) + lines;
            }
        }
        return cut;
    }
}
