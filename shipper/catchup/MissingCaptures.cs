using Pipeline.Core.Captures;
using Pipeline.Shipper.Tables;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// Finds, by walking a dataset's links back, which captures a table lacks: a dataset that was quiet for weeks costs nothing.
/// </summary>
internal sealed class MissingCaptures(CaptureStore captures, TableSet tables)
{
    /// <summary>Adds the numbers of the captures between what the table took and <paramref name="last"/>, which it includes.</summary>
    /// <exception cref="ForkException">The table's history and the store's cannot both be true.</exception>
    public async Task AddAsync(TableShipper table, string shard, Link? last, SortedSet<long> wanted, CancellationToken cancel)
    {
        for (var link = last; link is { } at; )
        {
            if (table.Taken(shard) is { } taken && at.Number <= taken.Number)
            {
                if (!taken.Matches(at) && taken.Number <= last!.Value.Number)
                {
                    var why = $"the table took capture {taken.Number} of {table.Dataset}, the store's history has {at.Number} there";
                    throw new Fork(shard, tables.Lowest(shard, at.Number), why).ToException();
                }
                return;
            }
            var capture = await ReadAsync(shard, at.Number, cancel);
            if (capture.Link != at)
            {
                throw new Fork(shard, tables.Lowest(shard, at.Number), "it is not the capture that later ones name").ToException();
            }
            wanted.Add(at.Number);
            link = capture.Header.Links.TryGetValue(table.Dataset, out var before) ? before : null;
        }
    }

    public async Task<Capture> ReadAsync(string shard, long number, CancellationToken cancel) =>
        await captures.ReadAsync(shard, number, cancel)
        ?? throw new Fork(shard, number, "the capture is gone, though no table has it").ToException();
}
