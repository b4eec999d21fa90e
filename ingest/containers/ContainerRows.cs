using System.IO.Hashing;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Containers;

/// <summary>
/// The last rows of one blob, by the hash of their bytes: a row that is among them was written twice. What it holds is a function of the
/// blob's bytes before <see cref="At"/> alone, so it can be made again by reading them.
/// A row is a line that is neither empty, nor a directive, nor over 64 KiB; a repeated row takes a place among the last ones like any
/// other. Memory grows with the rows that there are, up to <paramref name="most"/> × 20 B.
/// </summary>
/// <param name="most">Rows that are remembered, a power of two, at most 32,768.</param>
/// <param name="seed">Of the hash: random in each process, so that nobody can write rows that collide.</param>
internal sealed class ContainerRows(int most, long seed)
{
    /// <summary>As many as the protocol looks back.</summary>
    public const int Remembered = 4_096;

    private const ushort Free = ushort.MaxValue;
    private const int Least = 64;

    private UInt128[] _rows = new UInt128[Math.Min(most, Least)];
    private ushort[] _places = Empty(2 * Math.Min(most, Least));
    private long _count;

    /// <summary>The offset of the blob up to which rows were added; −1 where that is not known any more.</summary>
    public long At { get; set; } = -1;

    /// <summary>Whether as many rows are remembered as can be: what lies before them changes nothing.</summary>
    public bool IsFull => _count >= most;

    /// <summary>Adds the rows of a block, and says where those lie that are repeated.</summary>
    public IReadOnlyList<Range> Add(ReadOnlySpan<byte> lines, ILineFormat format)
    {
        List<Range>? repeated = null;
        for (var from = 0; from < lines.Length;)
        {
            var end = lines[from..].IndexOf((byte)'\n');
            var next = end < 0 ? lines.Length : from + end + 1;
            var line = lines[from..(end < 0 ? next : next - 1)];
            line = line.Length > 0 && line[^1] == '\r' ? line[..^1] : line;
            if (line.Length is > 0 and <= SourceBlock.MaxLineBytes && !format.IsDirective(line) && Add(XxHash128.HashToUInt128(line, seed))
                && IsOneLine(line, format))
            {
                (repeated ??= []).Add(from..next);
            }
            from = next;
        }
        return repeated ?? (IReadOnlyList<Range>)[];
    }

    public void Clear()
    {
        _places.AsSpan().Fill(Free);
        (_count, At) = (0, -1);
    }

    /// <summary>Adds a row; true where it is among the last ones.</summary>
    private bool Add(UInt128 row)
    {
        if (_count == _rows.Length && _rows.Length < most)
        {
            Grow();
        }
        var slot = (ushort)(_count % _rows.Length);
        // Looked for before the oldest makes room: it is still one of the last.
        var known = _places[Find(row)] != Free;
        if (_count >= _rows.Length)
        {
            Forget(slot);
        }
        _rows[slot] = row;
        _places[Find(row)] = slot;
        _count++;
        return known;
    }

    private void Grow()
    {
        var rows = _rows;
        _rows = new UInt128[rows.Length * 2];
        rows.CopyTo(_rows, 0);
        _places = Empty(_rows.Length * 2);
        for (var slot = 0; slot < rows.Length; slot++)
        {
            _places[Find(rows[slot])] = (ushort)slot;
        }
    }

    /// <summary>Takes the oldest row out, unless a later one is equal to it. Places are found by going on from the hash's own; so what
    /// follows the freed one is moved up.</summary>
    private void Forget(ushort slot)
    {
        var place = Find(_rows[slot]);
        if (_places[place] != slot)
        {
            return;
        }
        var mask = _places.Length - 1;
        for (var next = (place + 1) & mask; _places[next] != Free; next = (next + 1) & mask)
        {
            if (((next - Home(_rows[_places[next]])) & mask) >= ((next - place) & mask))
            {
                _places[place] = _places[next];
                place = next;
            }
        }
        _places[place] = Free;
    }

    private int Find(UInt128 row)
    {
        var mask = _places.Length - 1;
        var place = Home(row);
        while (_places[place] != Free && _rows[_places[place]] != row)
        {
            place = (place + 1) & mask;
        }
        return place;
    }

    private int Home(UInt128 row) => (int)((uint)row & (uint)(_places.Length - 1));

    private static ushort[] Empty(int length)
    {
        var places = new ushort[length];
        places.AsSpan().Fill(Free);
        return places;
    }

    /// <summary>A JSON array or envelope stands for several lines (rule 29), and a repeated row is counted as one.</summary>
    private static bool IsOneLine(ReadOnlySpan<byte> line, ILineFormat format)
    {
        if (line[0] is not ((byte)'{' or (byte)'['))
        {
            return true;
        }
        var parsed = new ParsedLines(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates);
        format.Parse(line, null, parsed);
        return parsed.Lines == 1;
    }
}
