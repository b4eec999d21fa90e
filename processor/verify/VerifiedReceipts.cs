using System.Globalization;
using System.Security.Cryptography;
using Pipeline.Core;
using Pipeline.Core.Store;

namespace Pipeline.Processor.Verify;

/// <summary>Receipts of clean verifications, in the table store at `receipts/verified/KIND/TIME-RANDOM.json`. The time in the name only says which to try first: what a receipt says is believed by what it names.</summary>
public static class VerifiedReceipts
{
    public const string Folder = "receipts/verified/";

    /// <summary>How many are tried, the newest first, before the check begins from nothing.</summary>
    private const int MaxTried = 4;

    /// <summary>Puts the receipt of a clean check and returns its name.</summary>
    /// <exception cref="PipelineException">3: the check was not clean, or saw no table.</exception>
    public static async Task<string> WriteAsync(IObjectStore store, VerifyReport report, TimeProvider time, CancellationToken cancel = default)
    {
        var through = report.Through ?? throw new DifferenceException("No receipt was written: there is one only for a check that was clean and looked at the tables.");
        var now = time.GetUtcNow();
        var name = $"{Folder}{Kind(report.Deep)}/{now.ToString("yyyyMMdd'T'HHmmssffffff'Z'", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}.json";
        await Puts.UntilKnownAsync(store, name, (through with { At = now }).ToJson(), time, null, cancel);
        return name;
    }

    /// <summary>The newest receipts, the newest first. A deep check stands on deep ones only. Null where one cannot be read.</summary>
    internal static async Task<IReadOnlyList<(string Name, VerifiedThrough? Receipt)>> FindAsync(IObjectStore store, bool deep, CancellationToken cancel)
    {
        var names = new List<string>();
        foreach (var kind in deep ? (bool[])[true] : [true, false])
        {
            await foreach (var found in store.ListAsync($"{Folder}{Kind(kind)}/", null, cancel))
            {
                names.Add(found.Name);
            }
        }
        var receipts = new List<(string, VerifiedThrough?)>();
        foreach (var name in names.OrderByDescending(name => name[(name.LastIndexOf('/') + 1)..], StringComparer.Ordinal).Take(MaxTried))
        {
            receipts.Add((name, await store.ReadAsync(name, cancel) is { } bytes ? VerifiedThrough.FromJson(bytes) : null));
        }
        return receipts;
    }

    private static string Kind(bool deep) => deep ? "deep" : "sums";
}
