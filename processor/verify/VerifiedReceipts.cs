using System.Globalization;
using System.Security.Cryptography;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Processor.Verify;

/// <summary>Receipts of clean verifications, in the table store at `receipts/verified/KIND/TIME-RANDOM.json`. The time in the name only
/// says which to try first: what a receipt says is believed by what it names.</summary>
public static class VerifiedReceipts
{
    public const string Folder = "receipts/verified/";

    /// <summary>How many are tried, the newest first, before the check begins from nothing.</summary>
    private const int MaxTried = 4;

    private const string TimeFormat = "yyyyMMdd'T'HHmmssffffff'Z'";

    /// <summary>Puts the receipt of a clean check and returns its name.</summary>
    /// <exception cref="PipelineException">3: the check was not clean, or saw no table.</exception>
    public static async Task<string> WriteAsync(IObjectStore store, VerifyReport report, TimeProvider time,
        CancellationToken cancel = default)
    {
        var receipt = await OfAsync(store, report, time, cancel) ?? throw new DifferenceException(
            "No receipt was written: there is one only for a check that was clean and looked at the tables.");
        var name = $"{Folder}{Kind(report.Deep)}/{receipt.At.ToString(TimeFormat, CultureInfo.InvariantCulture)}-"
            + $"{RandomNumberGenerator.GetHexString(8, lowercase: true)}.json";
        await Puts.UntilKnownAsync(store, name, receipt.ToJson(), time, null, cancel);
        return name;
    }

    /// <summary>The receipt of a check, with the hashes of the receipts of what was done, wherever it is kept; null where the check was not
    /// clean, or saw no table.</summary>
    public static async Task<VerifiedThrough?> OfAsync(IObjectStore store, VerifyReport report, TimeProvider time,
        CancellationToken cancel = default) => report.Through is not { } through ? null
        : through with { At = time.GetUtcNow(), Receipts = await OthersAsync(store, cancel) };

    /// <summary>The newest receipts, the newest first. A damaged one is added to the findings, one of a later version is left
    /// out.</summary>
    /// <param name="deep">Deep ones only.</param>
    internal static async Task<IReadOnlyList<(string Name, VerifiedThrough Receipt)>> FindAsync(IObjectStore store, bool deep,
        Findings findings, CancellationToken cancel)
    {
        var names = new List<string>();
        foreach (var kind in deep ? (bool[])[true] : [true, false])
        {
            await foreach (var found in store.ListAsync($"{Folder}{Kind(kind)}/", null, cancel))
            {
                names.Add(found.Name);
            }
        }
        var receipts = new List<(string, VerifiedThrough)>();
        foreach (var name in names.OrderByDescending(FileOf, StringComparer.Ordinal).Take(MaxTried))
        {
            try
            {
                if (await store.ReadAsync(name, cancel) is { } bytes && VerifiedThrough.FromJson(bytes, name) is { } receipt)
                {
                    receipts.Add((name, IsNamed(receipt, name) ? receipt
                        : throw new CorruptException(name, "it is another receipt than its name says", $"'{name}' is another receipt.")));
                }
            }
            catch (CorruptException e)
            {
                findings.Add(e);
            }
        }
        return receipts;
    }

    /// <summary>The receipts of what was done: name → sha256.</summary>
    private static async Task<SortedDictionary<string, Sha256>> OthersAsync(IObjectStore store, CancellationToken cancel)
    {
        var others = new SortedDictionary<string, Sha256>(StringComparer.Ordinal);
        await foreach (var found in store.ListAsync("receipts/", null, cancel))
        {
            if (!found.Name.StartsWith(Folder, StringComparison.Ordinal) && found.Name.EndsWith(".json", StringComparison.Ordinal)
                && await store.ReadAsync(found.Name, cancel) is { } bytes)
            {
                others[found.Name] = Sha256.Of(bytes);
            }
        }
        return others;
    }

    /// <summary>Whether the time and the kind in the name are the receipt's own.</summary>
    private static bool IsNamed(VerifiedThrough receipt, string name) =>
        name.StartsWith($"{Folder}{Kind(receipt.Deep)}/", StringComparison.Ordinal)
            && FileOf(name).StartsWith(receipt.At.ToString(TimeFormat, CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static string FileOf(string name) => name[(name.LastIndexOf('/') + 1)..];

    private static string Kind(bool deep) => deep ? "deep" : "sums";
}
