using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Compaction;

/// <summary>
/// What a reading of the log up to one entry came to, so that the next one need not begin at entry 0. Derived from the log alone: one that
/// is lost,
/// damaged or of a log that was restored since is passed over.
/// </summary>
/// <param name="Entry">The sha256 of entry <paramref name="Version"/>.</param>
/// <param name="Restored">Whether another engine restored the table at or below it.</param>
/// <param name="Dates">Rows and sums that commits brought to each UTC date.</param>
/// <param name="Removed">Files that were taken out of the table and were still in its folder.</param>
internal sealed record HistoryMark(
    long Version, Sha256 Entry, bool Restored, SortedDictionary<string, DaySums> Dates, SortedDictionary<string, Removal> Removed)
{
    /// <summary>A mark is left at every multiple of this many entries.</summary>
    public const long Every = 1000;

    private const int Tries = 3, DigestLength = 32;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static string Folder(string dataset) => $"history/{dataset}/";

    /// <summary>Puts the mark, best effort: a reader that finds none begins earlier.</summary>
    public async Task PutAsync(TableLog log, CancellationToken cancel)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(this, Options);
        try
        {
            await log.Store.PutIfAbsentAsync($"{Folder(log.Contract.Dataset)}{Version:D20}", (byte[])[.. SHA256.HashData(json), .. json],
                cancel);
        }
        catch (StoreException)
        {
            // The next multiple is another chance.
        }
    }

    /// <summary>The newest mark at or below <paramref name="version"/> that is of this log; null where there is none.</summary>
    public static async Task<HistoryMark?> NewestAsync(TableLog log, long version, CancellationToken cancel)
    {
        var names = new List<string>();
        await foreach (var found in log.Store.ListAsync(Folder(log.Contract.Dataset), null, cancel))
        {
            names.Add(found.Name);
        }
        foreach (var name in names.Where(name => CaptureNames.NumberOf(name) <= version).Reverse().Take(Tries))
        {
            if (Decode(await log.Store.ReadAsync(name, cancel) ?? []) is { } mark && mark.Version == CaptureNames.NumberOf(name)
                && (await log.ReadEntryAsync(mark.Version, cancel))?.Hash == mark.Entry)
            {
                return mark;
            }
        }
        return null;
    }

    private static HistoryMark? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < DigestLength || !SHA256.HashData(bytes[DigestLength..]).AsSpan().SequenceEqual(bytes[..DigestLength]))
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize<HistoryMark>(bytes[DigestLength..], Options) is { Dates: not null, Removed: not null } mark
                ? mark : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
