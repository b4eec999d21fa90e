using Pipeline.Core.Captures;
using Pipeline.Core.Table;

namespace Pipeline.Cli.Installation;

/// <summary>
/// A process that holds both stores compares them before it writes a shard's next capture: where the capture store was set back below what
/// a table has shipped, another
/// capture under a number that is taken would make it impossible to put the lost ones back.
/// </summary>
internal sealed class ShippedCheck(CaptureStore captures)
{
    private readonly List<(string Dataset, IReadOnlyDictionary<string, ShippedLink> Shipped)> _tables = [];

    /// <summary>What a table had shipped when it was read, which is before the captures are looked at.</summary>
    public void Add(string dataset, IReadOnlyDictionary<string, ShippedLink> shipped) => _tables.Add((dataset, shipped));

    /// <summary>Reads the newest capture that each table has of the shard. Costs nothing for a shard that no table has.</summary>
    /// <exception cref="Core.DifferenceException">The store no longer has that capture, or has another one under its number.</exception>
    public async Task RunAsync(string shard, CancellationToken cancel)
    {
        foreach (var (dataset, tables) in _tables)
        {
            if (!tables.TryGetValue(shard, out var shipped))
            {
                continue;
            }
            if (await captures.ReadAsync(shard, shipped.Number, cancel) is not { } capture)
            {
                var head = (await captures.FoldAsync(shard, cancel)).Head?.Number;
                if (head >= shipped.Number)
                {
                    // A snapshot reaches beyond it: the capture itself is gone, which `verify` names, and nothing new would take its
                    // number.
                    continue;
                }
                throw new Fork(shard, (head ?? -1)
                    + 1, $"the table of {dataset} has shipped up to capture {shipped.Number}, the store's newest is " +
                    $"{head?.ToString() ?? "none"}; "
                    + "the capture store was set back, and nothing was written").ToException();
            }
            if (!shipped.Matches(capture.Link))
            {
                throw new Fork(shard, shipped.Number,
                    $"the table of {dataset} took another capture of this number; the capture store was set back, and nothing was written")
                    .ToException();
            }
        }
    }
}
