using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Verify;

/// <summary>What is asked of a verification.</summary>
/// <param name="Deep">Decode frames and segments, and hash every row again.</param>
/// <param name="Since">Begin at the newest receipt that still holds, where there is one: captures and entries up to there are not read
/// again, nor, in a deep check, the segments of dates that were not touched since.</param>
/// <param name="Kept">A receipt that was kept outside both stores: what it saw must be there. Null: none.</param>
public sealed record VerifyRequest(bool Deep, bool Since, VerifiedThrough? Kept = null);

/// <summary>
/// Proves promise 7 from the stored data alone, or names what breaks it (docs/verify.md). Only reads: both stores may be read-only to the
/// caller, and both may be in use.
/// What it holds grows with live files, dates, shards, log entries (some 60 bytes each) and the commits of captures that have not expired;
/// never with rows.
/// </summary>
/// <param name="captures">Null where only the UK side can be reached.</param>
/// <param name="tables">One log for each dataset; none where only the US side can be reached.</param>
/// <param name="rowKey">What rows are hashed with (<see cref="InstallationKey.RowKey"/>); needed for a deep check only.</param>
/// <param name="workers">Where captures and segments are decoded and hashed.</param>
/// <param name="contracts">The datasets that the program knows, where no table tells.</param>
/// <param name="snapshotEvery">Captures of a shard between two snapshots.</param>
public sealed class Verifier(
    CaptureStore? captures, IReadOnlyList<TableLog> tables, ReadOnlyMemory<byte>? rowKey, Workers workers,
        IReadOnlyList<Core.Contracts.Contract>? contracts = null, int snapshotEvery = ShardState.SnapshotEvery)
{
    private const string KeptName = "that was kept";

    private readonly VerifiedStores _stores = new(captures, tables, contracts ?? [.. tables.Select(log => log.Contract)], snapshotEvery);

    /// <summary>From nothing, whatever receipts there are.</summary>
    /// <param name="deep">Decode every frame that stands and every live segment, and hash every row again.</param>
    /// <exception cref="PipelineException">78: the data is of another key or store (never taken for a difference), or a newer program wrote
    /// it.</exception>
    /// <exception cref="StoreException">A store does not answer.</exception>
    public Task<VerifyReport> RunAsync(bool deep, CancellationToken cancel = default) => RunAsync(new VerifyRequest(deep, false), cancel);

    /// <summary>
    /// From a receipt where one holds. A check that began at a receipt and is not clean is done again from nothing, so that what it names
    /// is what a check from nothing names.
    /// The newest receipt is evidence in either case: what it saw must still be there.
    /// </summary>
    public async Task<VerifyReport> RunAsync(VerifyRequest request, CancellationToken cancel = default)
    {
        var key = request.Deep ? rowKey ?? throw new ConfigurationException(
            "A deep check hashes every row, which takes the installation's key. Name the key file, or check without --deep.")
            : (ReadOnlyMemory<byte>?)null;
        var (found, remarks) = (new Findings(), new List<string>());
        var receipts = tables.Count == 0 ? [] : await VerifiedReceipts.FindAsync(tables[0].Store, false, found, cancel);
        var ours = receipts.Where(receipt => IsOurs(receipt.Receipt)).ToList();
        remarks.AddRange(receipts.Except(ours)
            .Select(receipt => $"receipt {receipt.Name} was passed over: it is of another key or capture store"));
        var evidence = ours.Take(1).ToList();
        if (request.Kept is { } kept)
        {
            evidence.Add((KeptName, IsOurs(kept) ? kept : throw new ConfigurationException(
                "The receipt that was kept is of another key or capture store than these stores. Give the receipt of this installation.")));
        }
        if (request.Since)
        {
            foreach (var since in await SinceAsync(request.Deep, ours, cancel))
            {
                if (await new Verification(_stores, key, workers, since, evidence).RunAsync(cancel) is not { } report)
                {
                    remarks.Add($"receipt {since.Name} was passed over: the log or a snapshot is not what it was written of (the table " +
                        $"or the capture store was restored since, or was changed)");
                    continue;
                }
                if (report.Ok && found.None)
                {
                    return report with { Remarks = remarks };
                }
                remarks.Add($"begun at receipt {since.Name}, the check was not clean: it was done again from nothing");
                break;
            }
        }
        var full = (await new Verification(_stores, key, workers, null, evidence).RunAsync(cancel))!;
        return full with { Remarks = remarks, Ok = full.Ok && found.None, Corrupt = [.. full.Corrupt, .. found.Corrupt],
            Through = found.None ? full.Through : null };
    }

    /// <summary>Receipts at which a check may begin: a deep one only at a deep one, and each only where all that is looked at now was
    /// looked at then.</summary>
    private async Task<IReadOnlyList<(string Name, VerifiedThrough Receipt)>> SinceAsync(bool deep,
        IReadOnlyList<(string Name, VerifiedThrough Receipt)> newest, CancellationToken cancel)
    {
        string[] needed = captures is null ? ["uk"] : ["us", "uk"];
        var receipts = !deep ? newest : tables.Count == 0 ? []
            : (await VerifiedReceipts.FindAsync(tables[0].Store, true, new Findings(), cancel)).Where(receipt => IsOurs(receipt.Receipt));
        return [.. receipts.Where(receipt => !needed.Except(receipt.Receipt.Checked).Any())];
    }

    private bool IsOurs(VerifiedThrough receipt) => tables.Count > 0
        ? receipt.KeyId == tables[0].KeyId && receipt.CaptureStore == tables[0].CaptureStore
        : receipt.KeyId == captures!.KeyId && receipt.CaptureStore == captures.StoreId;
}
