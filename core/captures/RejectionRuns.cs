using System.Text;
using ZstdSharp;

namespace Pipeline.Core.Captures;

/// <summary>Adjacent lines of one read that were rejected for one reason: the read's index in the header, the reason's code, and the
/// physical line in the file (the first is 1).</summary>
public readonly record struct RejectedLines(int Read, string Reason, long FirstLine, long Count);

/// <summary>
/// The block of a capture that says where rejected lines stood, never what they held. Zstd of: a table of reason codes (count, then length
/// and ASCII each),
/// then runs in order of the read and of the line, each as four varints: read − last read, reason index, first line − end of the last run
/// in this read (zigzag: several
/// elements of one physical line may have different reasons), count.
/// </summary>
public static class RejectionBlock
{
    /// <summary>Not a reason: in a redrive's read, lines that have become records, of it or of a redrive before it.</summary>
    public const string Redriven = "redriven";

    /// <summary>The bytes of these runs, which must be in order of their reads; null for none.</summary>
    public static byte[]? Encode(IReadOnlyList<RejectedLines> runs)
    {
        if (runs.Count == 0)
        {
            return null;
        }
        var reasons = runs.Select(r => r.Reason).Distinct().Order(StringComparer.Ordinal).ToList();
        var index = reasons.Select((code, i) => (code, i)).ToDictionary(p => p.code, p => p.i);
        using var raw = new MemoryStream();
        using var writer = new BinaryWriter(raw);
        writer.Write7BitEncodedInt(reasons.Count);
        foreach (var code in reasons)
        {
            writer.Write7BitEncodedInt(code.Length);
            writer.Write(Encoding.ASCII.GetBytes(code));
        }
        writer.Write7BitEncodedInt(runs.Count);
        var (read, end) = (0, 0L);
        foreach (var run in runs)
        {
            if (run.Read != read)
            {
                end = 0;
            }
            if (run.Read < read)
            {
                throw new ArgumentException("runs are in order of their reads", nameof(runs));
            }
            writer.Write7BitEncodedInt(run.Read - read);
            writer.Write7BitEncodedInt(index[run.Reason]);
            writer.Write7BitEncodedInt64((run.FirstLine - end) << 1 ^ (run.FirstLine - end) >> 63);
            writer.Write7BitEncodedInt64(run.Count);
            (read, end) = (run.Read, run.FirstLine + run.Count);
        }
        writer.Flush();
        using var zstd = new Compressor(3);
        return zstd.Wrap(raw.GetBuffer().AsSpan(0, (int)raw.Length)).ToArray();
    }

    /// <exception cref="InvalidDataException">The block is not of this form.</exception>
    public static IReadOnlyList<RejectedLines> Decode(ReadOnlySpan<byte> block)
    {
        if (block.IsEmpty)
        {
            return [];
        }
        try
        {
            using var zstd = new Decompressor();
            using var reader = new BinaryReader(new MemoryStream(zstd.Unwrap(block).ToArray()));
            var reasons = new string[reader.Read7BitEncodedInt()];
            for (var i = 0; i < reasons.Length; i++)
            {
                reasons[i] = Encoding.ASCII.GetString(reader.ReadBytes(reader.Read7BitEncodedInt()));
            }
            var runs = new RejectedLines[reader.Read7BitEncodedInt()];
            var (read, end) = (0, 0L);
            for (var i = 0; i < runs.Length; i++)
            {
                var step = reader.Read7BitEncodedInt();
                if (step != 0)
                {
                    (read, end) = (read + step, 0);
                }
                var reason = reasons[reader.Read7BitEncodedInt()];
                var gap = reader.Read7BitEncodedInt64();
                var first = end + ((long)((ulong)gap >> 1) ^ -(gap & 1));
                var count = reader.Read7BitEncodedInt64();
                runs[i] = new RejectedLines(read, reason, first, count);
                end = first + count;
            }
            return runs;
        }
        catch (Exception e) when (e is ZstdException or EndOfStreamException or FormatException or IndexOutOfRangeException
            or OverflowException)
        {
            throw new InvalidDataException($"the rejection runs cannot be read ({e.GetType().Name}).", e);
        }
    }
}
