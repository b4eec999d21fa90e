using System.IO.Hashing;
using System.Text;
using Pipeline.Core.Captures;

namespace Pipeline.Processor.Verify;

/// <summary>
/// What a shard's captures say of its cold pages: which pages there must be, and that every read goes on where the newest page that has its
/// file or stream left off. Pure.
/// </summary>
internal sealed class ColdLedger
{
    private readonly Dictionary<long, Sha256> _hashes = [];
    // 64 bits of a hash of each key: a million files take some 40 MB.
    private readonly Dictionary<ulong, (long Page, long At)> _files = [], _streams = [];
    private bool _isWhole = true;

    /// <summary>The newest chain that a state had; null where nothing is cold.</summary>
    public ColdChain? Chain { get; private set; }

    /// <summary>The hash that a page has by the fold; null: it was made before the walk began.</summary>
    public Sha256? HashOf(long page) => _hashes.TryGetValue(page, out var hash) ? hash : null;

    /// <summary>A state that was not folded from the first capture on.</summary>
    public void Adopt(ShardState state)
    {
        (Chain, _isWhole) = (state.Cold ?? Chain, _isWhole && state.Cold is null);
        _files.Clear();
        _streams.Clear();
    }

    /// <summary>A capture that the state has folded. What its reads say that is not so, in words.</summary>
    /// <param name="state">After the capture; the pages that it made are taken out of it.</param>
    public IEnumerable<string> Apply(CaptureHeader header, ShardState state)
    {
        var wrong = _isWhole && Chain is { Pages: > 0 } ? header.Reads.Select(Wrong).OfType<string>().ToList() : [];
        foreach (var read in header.Reads.Where(read => read.Withdraws is not null))
        {
            Forget(read.Source, read.Withdraws!);
        }
        foreach (var page in state.Cooled)
        {
            _hashes[page.Page] = page.Hash;
            foreach (var (key, cursor) in page.Files)
            {
                _files[Hash(key)] = (page.Page, cursor.Offset);
            }
            foreach (var (key, sequence) in page.Streams)
            {
                _streams[Hash(key)] = (page.Page, sequence);
            }
        }
        state.Cooled.Clear();
        Chain = state.Cold;
        return wrong;
    }

    /// <summary>A withdrawal drops files, cold ones too: such a file is read from its start again.</summary>
    private void Forget(string source, Withdrawal withdrawal)
    {
        if (withdrawal.Whole == true)
        {
            _files.Clear();
        }
        foreach (var file in withdrawal.Forgets ?? [])
        {
            _files.Remove(Hash(ShardState.FileKey(source, file)));
        }
    }

    private string? Wrong(ReadEntry read)
    {
        if ((read.File ?? read.Stream) is not { } id)
        {
            return null;
        }
        var (key, all) = (Hash(ShardState.FileKey(read.Source, id)), read.File is null ? _streams : _files);
        var known = all.TryGetValue(key, out var cold);
        if (read.Recalls is { } page)
        {
            return known && cold == (page, read.From) && all.Remove(key) ? null
                : $"a read of source {read.Source} goes on at {read.From} by cold page {page}, "
                    + (known ? $"the newest page that has it is {cold.Page}, up to {cold.At}" : "which has nothing of it");
        }
        return known ? $"a read of source {read.Source} begins at {read.From}, and cold page {cold.Page} has it up to {cold.At}" : null;
    }

    private static ulong Hash(string key) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key));
}
