using System.Text.RegularExpressions;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Verify;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>What is done to the stores when all is written: objects are damaged, deleted and exchanged, and stores are set back to a copy
/// that was made in mid-run.</summary>
internal sealed partial class Schedule
{
    private const int Harms = 4;

    /// <summary>Of docs/verify.md, "What may be lost": deleted or damaged.</summary>
    private static readonly string[] MayBeAnything = ["_last_checkpoint", ".checkpoint.parquet", "/clock/", ".done.json"];

    private readonly Random _ids;
    private (MemorySnapshot Us, MemorySnapshot Uk)? _copy;

    /// <summary>A table's log as an actor of this schedule uses it: its ids follow from the seed.</summary>
    public TableLog LogOf(IObjectStore uk, Contract contract) => new(uk, contract, StoreId, Key.KeyId, Time) { NewId = NewId };

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _ids.NextBytes(bytes);
        return new Guid(bytes);
    }

    /// <summary>A copy of both stores, at any moment.</summary>
    private async Task CopyAsync()
    {
        await Task.Delay(Scenario.Duration * new Random(Scenario.Seed ^ 0xc0b1).NextDouble(), Time);
        _copy = (Us.Snapshot(), Uk.Snapshot());
    }

    /// <summary>Only where nothing else is wrong: there `verify` is clean before, so that what it names it names for the harm.</summary>
    private async Task HarmAsync(Random random)
    {
        if (_violations.Count > 0 || Scenario.Rollback != Rollback.None || _restores.Count > 0)
        {
            return;
        }
        var whole = await VerifyAsync(null);
        if (!whole.Ok)
        {
            Violated($"promise 7: all is done, and a deep verification finds {whole.ToJson()}");
            return;
        }
        // Kept outside both stores, as docs/verify.md advises: a store that is set back as a whole contradicts nothing else.
        var kept = await VerifiedReceipts.OfAsync(Uk.Contents, whole, Time);
        var all = (Us: Us.Snapshot(), Uk: Uk.Snapshot());
        for (var i = 0; i < Harms; i++)
        {
            var store = random.Next(2) == 0 ? Us : Uk;
            var (what, mayBe) = random.Next(Harms) == 0 ? await SetBackAsync(store) : await HarmOneAsync(store.Contents, random);
            if (what is not null)
            {
                Totals.Harms++;
                var report = await VerifyAsync(kept);
                if (report.Ok && !mayBe)
                {
                    Violated($"promise 7: {store.Contents.Location}: {what}, and verify is content");
                }
                Totals.HarmsNamed += report.Ok ? 0 : 1;
                Totals.HarmsAllowed += report.Ok ? 1 : 0;
            }
            Us.Restore(all.Us);
            Uk.Restore(all.Uk);
        }
        Totals.Harmed = 1;
    }

    private Task<VerifyReport> VerifyAsync(VerifiedThrough? kept) => new Verifier(
        new CaptureStore(Us.Contents, StoreId, Key.Captures()), [.. PublishedContracts.All.Select(c => LogOf(Uk.Contents, c))],
        Key.RowKey(), Workers.Inline, snapshotEvery: Scenario.Limits.SnapshotEvery)
            .RunAsync(new VerifyRequest(Deep: true, Since: false, kept));

    private async Task<(string? What, bool MayBe)> SetBackAsync(SimulatedStore store)
    {
        var before = await ObjectsAsync(store.Contents);
        store.Restore(ReferenceEquals(store, Us) ? _copy!.Value.Us : _copy!.Value.Uk);
        var after = await ObjectsAsync(store.Contents);
        var live = await LiveAsync();
        // What only came to be by a hint, or was removed as void and is back, is no difference.
        var gone = before.Where(o => !after.TryGetValue(o.Key, out var bytes) || !bytes.AsSpan().SequenceEqual(o.Value))
            .Select(o => o.Key).Where(name => !MayBeLost(name, live, "deleted")).ToList();
        return gone.Count == 0 ? (null, true) : ($"set back, {gone.Count} objects went, among them {gone[0]}", false);
    }

    private async Task<(string? What, bool MayBe)> HarmOneAsync(MemoryStore store, Random random)
    {
        var names = (await ObjectsAsync(store)).Keys.ToList();
        // A kind first, so that the many captures and segments do not keep the few others out.
        var kinds = names.GroupBy(Kind).OrderBy(k => k.Key, StringComparer.Ordinal).ToList();
        var kind = kinds[random.Next(kinds.Count)].ToList();
        var name = kind[random.Next(kind.Count)];
        var live = await LiveAsync();
        var bytes = store[name].ToArray();
        switch (random.Next(4))
        {
            case 0:
                store.Remove(name);
                return ($"{name} deleted", MayBeLost(name, live, "deleted"));
            case 1 when bytes.Length > 0:
                store[name] = bytes[..random.Next(bytes.Length)];
                return ($"{name} cut", MayBeLost(name, live, "damaged"));
            case 2 when kind.Count > 1:
                var other = kind[(kind.IndexOf(name) + random.Next(1, kind.Count)) % kind.Count];
                (store[name], store[other]) = (store[other], bytes);
                return store[name].AsSpan().SequenceEqual(bytes) ? (null, true)
                    : ($"{name} exchanged with {other}", MayBeLost(name, live, "damaged") && MayBeLost(other, live, "damaged"));
            default:
                if (bytes.Length == 0)
                {
                    return (null, true);
                }
                var at = random.Next(bytes.Length);
                bytes[at] ^= (byte)(1 << random.Next(8));
                store[name] = bytes;
                return ($"{name} changed at byte {at} of {bytes.Length}", MayBeLost(name, live, "damaged"));
        }
    }

    private static bool MayBeLost(string name, HashSet<string> live, string how) =>
        MayBeAnything.Any(part => name.Contains(part, StringComparison.Ordinal))
        || name.EndsWith(".parquet", StringComparison.Ordinal) && name.StartsWith("tables/", StringComparison.Ordinal)
            && !live.Contains(name)
        || how == "deleted" && (name.StartsWith("registry/", StringComparison.Ordinal)
            || name.StartsWith("receipts/verified/", StringComparison.Ordinal));

    private async Task<HashSet<string>> LiveAsync()
    {
        var live = new HashSet<string>(StringComparer.Ordinal);
        foreach (var contract in PublishedContracts.All)
        {
            if (await LogOf(Uk.Contents, contract).OpenAsync() is { } state)
            {
                live.UnionWith(state.Files.Keys.Select(path => TableNames.Segment(contract.Dataset, path)));
            }
        }
        return live;
    }

    private static async Task<SortedDictionary<string, byte[]>> ObjectsAsync(MemoryStore store)
    {
        var objects = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var found in store.ListAsync(""))
        {
            objects[found.Name] = store[found.Name];
        }
        return objects;
    }

    private void CountActors()
    {
        Totals.Met("schedules");
        Totals.Met(Scenario.Rollback == Rollback.None ? null : $"store set back ({Scenario.Rollback})");
        Totals.Met(Totals.Harmed > 0 ? "objects damaged, deleted or exchanged" : null);
        Totals.Met(Scenario.Rollback != Rollback.None || Totals.Harmed > 0 ? "damage or a store set back" : null);
        Totals.Met(Totals.Forged > 0 ? "messages forged or replayed" : null);
        Totals.Met(Totals.Restores > 0 ? "table restored by another engine" : null);
        Totals.Met(Totals.Zombies > 0 ? "zombies" : null);
        Totals.Met(Totals.Kills > 0 ? "kills" : null);
        Totals.Met(Totals.Repairs > 0 ? "repairs" : null);
        Totals.Met(Totals.Compactions > 0 ? "compactions" : null);
        Totals.Digest = Sha256.Of(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', new[] { Us, Uk }.SelectMany(store =>
            ObjectsAsync(store.Contents).Result).Select(o => $"{o.Key} {Sha256.Of(o.Value)}")))).ToString();
    }

    private static string Kind(string name) => Parts().Replace(name, "#");

    [GeneratedRegex(@"[0-9a-f]{8,}[-0-9a-f]*|\d{4}-\d\d-\d\d|shard\d+")]
    private static partial Regex Parts();
}
