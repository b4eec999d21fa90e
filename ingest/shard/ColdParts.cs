using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Shard;

/// <summary>What of a shard's state goes cold with a capture, and what its reads take back.</summary>
/// <param name="mark">Null: nothing goes.</param>
public sealed class ColdParts(ColdMark? mark)
{
    /// <summary>Earlier checks of a file that its recall brings: the first, and the last ones.</summary>
    public const int Checks = 4;

    private readonly Dictionary<string, (long Page, long From, FileCursor? Cursor)> _recalled = new(StringComparer.Ordinal);

    public ColdMark? Mark => mark;

    /// <summary>Notes what is cold of what these reads go on with. A read that begins elsewhere is none of it: it is a branch, or a
    /// fork.</summary>
    /// <param name="reads">See <see cref="CaptureDraft.Unknown"/>.</param>
    /// <exception cref="CorruptException">A page is damaged or gone.</exception>
    public async Task FindAsync(IEnumerable<ReadEntry> reads, ColdPages pages,
        IReadOnlyDictionary<string, (long Page, long Sequence)> streams, CancellationToken cancel)
    {
        foreach (var read in reads)
        {
            var key = ShardState.FileKey(read.Source, (read.File ?? read.Stream)!);
            if (_recalled.ContainsKey(key))
            {
                continue;
            }
            if (read.Stream is not null)
            {
                if (streams.TryGetValue(key, out var stream) && stream.Sequence == read.From)
                {
                    _recalled[key] = (stream.Page, read.From, null);
                }
            }
            else if ((await pages.FilesAsync(read.Source, Fingerprint(read.File!), cancel))
                .FirstOrDefault(file => file.Identity == read.File) is { } cold && cold.Cursor.Offset == read.From)
            {
                _recalled[key] = (cold.Page, read.From, cold.Cursor);
            }
        }
    }

    /// <summary>The read with its page, and a few checks of what was read before, where it takes something back.</summary>
    internal ReadEntry Recall(ReadEntry read) => (read.File ?? read.Stream) is { } id
        && _recalled.TryGetValue(ShardState.FileKey(read.Source, id), out var cold) && cold.From == read.From
            ? read with { Recalls = cold.Page, Checks = EarlierChecks.Join(Few(cold.Cursor?.Checks), read.Checks, read.To) } : read;

    private static string Fingerprint(string identity) => identity.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot
        ? identity[..dot] : identity;

    private static IReadOnlyList<EarlierCheck>? Few(IReadOnlyList<EarlierCheck>? checks) =>
        checks is { Count: > Checks } ? [checks[0], .. checks.Skip(checks.Count - Checks + 1)] : checks;
}
