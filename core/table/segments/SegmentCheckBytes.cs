using System.Text;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Parquet;

namespace Pipeline.Core.Table.Segments;

/// <summary>
/// Reads a segment's bytes and compares them with the check in its footer: so damage is seen that no row depends on, such as to the
/// statistics by which engines
/// skip rows. What the rows are is told by their sums.
/// </summary>
public static class SegmentCheckBytes
{
    private const int Piece = 4 << 20, Tail = 256;

    private const string FirstVersion = "pipeline/0.1.0";

    /// <summary>Whether the file is as it was written. A file of another engine, or of version 0.1.0, carries no check and is taken for
    /// whole.</summary>
    /// <param name="size">Its length in bytes.</param>
    /// <exception cref="StoreException">The store does not answer.</exception>
    public static async Task<bool> HoldsAsync(IObjectStore store, string name, SegmentReader opened, long size, CancellationToken cancel)
    {
        if (!opened.HasCheck)
        {
            // One flipped bit can hide the check, or who made the file, but not both; and the label is ours.
            return opened.Label is null && !IsOurs(opened.CreatedBy) || opened.CreatedBy.StartsWith(FirstVersion, StringComparison.Ordinal);
        }
        if (await AtAsync(store, name, size, cancel) is not { } at)
        {
            return false;
        }
        var check = new DamageCheck.Reader(at);
        for (long read = 0; read < size;)
        {
            if (await store.ReadRangeAsync(name, read, (int)Math.Min(Piece, size - read), cancel) is not { Length: > 0 } piece)
            {
                return false;
            }
            check.Append(piece);
            read += piece.Length;
        }
        return check.Holds();
    }

    private static bool IsOurs(string createdBy) => createdBy.StartsWith("pipeline/", StringComparison.Ordinal);

    /// <summary>The check is the last of the footer's pairs: its digits stand behind the key, a field header and a length.</summary>
    private static async Task<long?> AtAsync(IObjectStore store, string name, long size, CancellationToken cancel)
    {
        var from = Math.Max(0, size - Tail);
        var tail = await store.ReadRangeAsync(name, from, (int)(size - from), cancel);
        var key = tail.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(ParquetTerms.CheckKey));
        return key < 0 ? null : from + key + ParquetTerms.CheckKey.Length + 2;
    }
}
