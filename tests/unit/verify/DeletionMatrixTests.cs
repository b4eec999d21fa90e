using System.Text.RegularExpressions;
using Pipeline.Core.Store;
using Pipeline.Processor.Verify;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Deploy;
using Xunit;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>
/// Every object and every folder of a small installation, on either side and on both: deleted, cut, with a flipped bit, replaced by another
/// object of its kind, exchanged with its neighbour.
/// `verify --deep` names it, or docs/verify.md says that it need not.
/// </summary>
public sealed partial class DeletionMatrixTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(DeployedFiles.Repository, "docs", "verify.md"));

    [Fact]
    public async Task Every_object_that_is_gone_or_damaged_is_named_or_documented()
    {
        var made = await MatrixWorld.MakeAsync(receipt: true);
        var whole = await made.World.VerifyAsync(deep: true);
        Assert.True(whole.Ok, whole.ToJson());
        Assert.True(await made.IsOkAsync(deep: true));
        var (unseen, cases) = (new List<string>(), 0);
        foreach (var store in new[] { made.World.Us, made.World.Uk })
        {
            var all = store.Snapshot();
            var names = await NamesAsync(store);
            Assert.InRange(names.Count, 10, 200);
            Assert.InRange(names.Count(name => name.StartsWith("cold/", StringComparison.Ordinal)), store == made.World.Us ? 2 : 0, 20);
            foreach (var name in names)
            {
                foreach (var (how, change) in Changes(name, names))
                {
                    change(store);
                    cases++;
                    if (await made.IsOkAsync(deep: true) && !MayBe(made, name, how == "deleted" ? "deleted" : "damaged"))
                    {
                        unseen.Add($"{store.Location} {name} {how}");
                    }
                    store.Restore(all);
                }
            }
        }
        Assert.Empty(unseen);
        Assert.InRange(cases, 500, 5_000);
        // Each was put back: what was found was found for its own sake.
        Assert.True(await made.IsOkAsync(deep: true));
    }

    [Fact]
    public async Task Every_folder_that_is_gone_on_a_side_or_on_both_is_named_or_documented()
    {
        var made = await MatrixWorld.MakeAsync(receipt: true);
        var (us, uk) = (made.World.Us, made.World.Uk);
        var (allUs, allUk) = (us.Snapshot(), uk.Snapshot());
        var unseen = new List<string>();
        var folders = (await NamesAsync(us)).Concat(await NamesAsync(uk)).SelectMany(Folders).Distinct().ToList();
        foreach (var folder in folders)
        {
            foreach (var sides in new[] { new[] { us }, [uk], [us, uk] })
            {
                var gone = 0;
                foreach (var store in sides)
                {
                    foreach (var name in (await NamesAsync(store)).Where(name => name.StartsWith(folder, StringComparison.Ordinal)))
                    {
                        store.Remove(name);
                        gone++;
                    }
                }
                if (gone > 0 && await made.IsOkAsync(deep: true) && !(await MissingAsync(allUs, allUk, us, uk))
                    .All(name => MayBe(made, name, "deleted") || folder == "receipts/" && OnlyReceiptsTell(name)))
                {
                    unseen.Add($"{string.Join('+', sides.Select(s => s.Location))} {folder}");
                }
                us.Restore(allUs);
                uk.Restore(allUk);
            }
        }
        Assert.Empty(unseen);
    }

    [Fact]
    public async Task Without_a_receipt_only_what_the_document_lists_is_not_named()
    {
        var made = await MatrixWorld.MakeAsync(receipt: false);
        Assert.True(await made.IsOkAsync(deep: false));
        var patterns = Patterns("What only a receipt can tell").Select(row => row.Pattern).ToList();
        var unseen = new List<string>();
        var found = new HashSet<string>();
        foreach (var store in new[] { made.World.Us, made.World.Uk })
        {
            var all = store.Snapshot();
            foreach (var name in await NamesAsync(store))
            {
                store.Remove(name);
                if (await made.IsOkAsync(deep: false) && !MayBe(made, name, "deleted"))
                {
                    if (patterns.Find(pattern => Regex.IsMatch(name, pattern)) is { } pattern)
                    {
                        found.Add(pattern);
                        // Of a shard and of a log the newest object, and no other.
                        Assert.True(name.StartsWith("receipts/", StringComparison.Ordinal)
                            || !(await NamesAsync(store)).Any(other => Above(other, name)), name);
                    }
                    else
                    {
                        unseen.Add(name);
                    }
                }
                store.Restore(all);
            }
        }
        Assert.Empty(unseen);
        Assert.Equal(patterns.Order(), found.Order());
    }

    [Fact]
    public async Task Both_stores_set_back_with_all_receipts_are_found_by_a_receipt_that_was_kept()
    {
        var made = await MatrixWorld.MakeAsync(receipt: false);
        var world = made.World;
        var (us, uk) = (world.Us.Snapshot(), world.Uk.Snapshot());
        await world.CaptureAsync("web", StoredWorld.Rows(4, 120));
        await world.ShipAsync();
        var kept = (await world.VerifyAsync()).Through!;
        world.Us.Restore(us);
        world.Uk.Restore(uk);
        Assert.True((await world.VerifyAsync(deep: true)).Ok);
        var report = await world.Verifier().RunAsync(new VerifyRequest(false, false, kept),
            TestContext.Current.CancellationToken);
        Assert.Equal(2, report.Deleted.Count);
        Assert.All(report.Deleted, deleted => Assert.Contains("receipt that was kept", deleted.Why, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_receipt_that_was_kept_proves_the_receipts_of_what_was_done()
    {
        var made = await MatrixWorld.MakeAsync(receipt: false);
        var world = made.World;
        var kept = await VerifiedReceipts.OfAsync(world.Uk, await world.VerifyAsync(deep: true), world.Clock,
            TestContext.Current.CancellationToken);
        var receipts = kept!.Receipts!.Keys.ToList();
        Assert.NotEmpty(receipts);
        foreach (var name in receipts)
        {
            var bytes = world.Uk[name];
            world.Uk.Remove(name);
            var gone = await world.Verifier().RunAsync(new VerifyRequest(false, false, kept), TestContext.Current.CancellationToken);
            Assert.Contains(gone.Deleted, deleted => deleted.Object == name);
            world.Uk[name] = [.. bytes, (byte)'\n'];
            var other = await world.Verifier().RunAsync(new VerifyRequest(false, false, kept), TestContext.Current.CancellationToken);
            Assert.Contains(other.Corrupt, corrupt => corrupt.Object == name);
            world.Uk[name] = bytes;
        }
    }

    private static IEnumerable<(string How, Action<MemoryStore> Do)> Changes(string name, List<string> names)
    {
        yield return ("deleted", store => store.Remove(name));
        yield return ("cut", store => store[name] = store[name][..(store[name].Length / 2)]);
        yield return ("empty", store => store[name] = []);
        for (var i = 0; i < 6; i++)
        {
            var (part, bit) = (i, (i * 5 + name.Length) % 8);
            yield return ($"bit {bit} at {part}/6", store =>
            {
                var bytes = store[name].ToArray();
                bytes[Math.Min(part * bytes.Length / 6 + part, bytes.Length - 1)] ^= (byte)(1 << bit);
                store[name] = bytes;
            });
        }
        var kind = Kind(name);
        if (names.Where(other => other != name && Kind(other) == kind)
            .OrderBy(other => Math.Abs(names.IndexOf(other) - names.IndexOf(name))).FirstOrDefault() is { } neighbour)
        {
            yield return ("replaced by its neighbour", store => store[name] = store[neighbour]);
            yield return ("exchanged with its neighbour", store => (store[name], store[neighbour]) = (store[neighbour], store[name]));
        }
    }

    /// <summary>Objects of one kind have names of one shape.</summary>
    private static string Kind(string name) => Digits().Replace(name.Replace("web", "#", StringComparison.Ordinal)
        .Replace("edge", "#", StringComparison.Ordinal), "#");

    /// <summary>With the receipts of verifications gone nothing tells of the others.</summary>
    private static bool OnlyReceiptsTell(string name) => Patterns("What only a receipt can tell")
        .Any(row => Regex.IsMatch(name, row.Pattern));

    private static bool MayBe(MatrixWorld made, string name, string what) => Patterns("What may be lost")
        .Any(row => row.May.Contains(what, StringComparison.Ordinal) && Regex.IsMatch(name, row.Pattern)
            && (!row.Text.Contains("not live", StringComparison.Ordinal) || made.NotLive.Contains(name)));

    /// <summary>The rows of a table of the document: the pattern of names in its first column, that column, and the second.</summary>
    private static IEnumerable<(string Pattern, string Text, string May)> Patterns(string title) =>
        Document.Split($"## {title}\n")[1].Split("\n## ")[0].Split('\n')
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .Select(cells => ("^" + Regex.Escape(cells[1].Split('`')[1]).Replace("\\*", ".*", StringComparison.Ordinal)
            + "$", cells[1], cells[2]));

    private static bool Above(string other, string name) => other[..(other.LastIndexOf('/') + 1)] == name[..(name.LastIndexOf('/') + 1)]
        && Path.GetExtension(other) == Path.GetExtension(name) && string.CompareOrdinal(other, name) > 0;

    private static IEnumerable<string> Folders(string name) => Enumerable.Range(0, name.Length).Where(i => name[i] == '/')
        .Select(i => name[..(i + 1)]).Prepend("");

    private static async Task<List<string>> NamesAsync(IObjectStore store)
    {
        var names = new List<string>();
        await foreach (var found in store.ListAsync(""))
        {
            names.Add(found.Name);
        }
        return names;
    }

    /// <summary>The names that were in either store and are not now.</summary>
    private static async Task<List<string>> MissingAsync(MemorySnapshot allUs, MemorySnapshot allUk, MemoryStore us, MemoryStore uk)
    {
        var missing = new List<string>();
        foreach (var (all, store) in new[] { (allUs, us), (allUk, uk) })
        {
            var now = store.Snapshot();
            var there = await NamesAsync(store);
            store.Restore(all);
            missing.AddRange((await NamesAsync(store)).Except(there));
            store.Restore(now);
        }
        return missing;
    }

    [GeneratedRegex(@"[0-9a-f]{8,}[-0-9a-f]*|\d{4}-\d\d-\d\d|\d{8}T\d+Z")]
    private static partial Regex Digits();
}
