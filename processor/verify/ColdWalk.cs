using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Processor.Verify;

/// <summary>Reads a shard's cold pages in order, and compares them with what its captures say of them.</summary>
internal sealed class ColdWalk(CaptureStore captures, string shard)
{
    /// <param name="from">Pages below it were compared by an earlier verification: they must be there, and are not read.</param>
    public async Task CheckAsync(ColdLedger ledger, long from, Findings findings, CancellationToken cancel)
    {
        var (pages, there) = (ledger.Chain?.Pages ?? 0, await ListAsync(cancel));
        // Null where a page of the block could not be read, or was not: then there is nothing to compare with.
        ColdIndex? index = null;
        Sha256? before = null;
        for (var page = 0L; page < pages; page++)
        {
            index = page % ColdIndex.Block == 0 ? ColdIndex.Empty : index;
            if ((page < from && there.Contains(page)) || await ReadAsync(page, findings, cancel) is not var (read, found))
            {
                (index, before) = (null, null);
                continue;
            }
            Compare(read, ledger, before, findings);
            (index, before) = (index?.With(read), read.Hash);
            if (index is not null && !index.ToBytes().AsSpan().SequenceEqual(found.ToBytes()))
            {
                findings.AddCorrupt(CaptureNames.Cold(shard, page), "its index is not that of its entries and of the pages before it");
            }
        }
        foreach (var page in there.Where(page => page >= pages))
        {
            await UnknownAsync(page, findings, cancel);
        }
    }

    private void Compare(ColdPage read, ColdLedger ledger, Sha256? before, Findings findings)
    {
        var chain = ledger.Chain!;
        var expected = ledger.HashOf(read.Page) ?? (read.Page == chain.Pages - 1 ? chain.Last : null);
        if ((expected is { } hash && read.Hash != hash) || (before is { } last && read.Before != last))
        {
            findings.AddCorrupt(CaptureNames.Cold(shard, read.Page), "it has other files or streams than its captures fold to");
        }
    }

    private async Task<(ColdPage Page, ColdIndex Index)?> ReadAsync(long page, Findings findings, CancellationToken cancel)
    {
        try
        {
            if (await ColdPages.ReadAsync(captures, shard, page, cancel) is { } read)
            {
                return read;
            }
            findings.AddDeleted(CaptureNames.Cold(shard, page), $"cold page {page} of shard {shard} is gone, though later captures stand");
        }
        catch (DifferenceException e)
        {
            findings.Add(e);
        }
        return null;
    }

    /// <summary>A page is put after its capture: one that no capture made shows that captures are gone.</summary>
    private async Task UnknownAsync(long page, Findings findings, CancellationToken cancel)
    {
        if (await ReadAsync(page, findings, cancel) is var (read, _)
            && await captures.Store.FindAsync(CaptureNames.Capture(shard, read.Capture), cancel) is null)
        {
            findings.AddDeleted(CaptureNames.Capture(shard, read.Capture),
                $"capture {read.Capture} of shard {shard} is gone, though cold page {page}, which it made, stands");
        }
    }

    private async Task<SortedSet<long>> ListAsync(CancellationToken cancel)
    {
        var pages = new SortedSet<long>();
        await foreach (var found in captures.Store.ListAsync($"{CaptureNames.ColdFolder}{shard}/", null, cancel))
        {
            if (CaptureNames.NumberOf(found.Name) is { } page && found.Name == CaptureNames.Cold(shard, page))
            {
                pages.Add(page);
            }
        }
        return pages;
    }
}
