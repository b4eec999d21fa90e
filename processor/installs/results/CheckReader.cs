using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Installs.Estimates;

namespace Pipeline.Processor.Installs.Results;

/// <summary>The rows of a table as estimates take them.</summary>
/// <param name="Checks">Their versions are places in <paramref name="Versions"/>.</param>
/// <param name="Versions">In version order.</param>
/// <param name="Unreadable">Rows that were left out because their address cannot be parsed.</param>
internal sealed record TableChecks(IReadOnlyList<InstallCheck> Checks, IReadOnlyList<string> Versions, long Unreadable);

/// <summary>Reads all rows of one version of the `xencenter-checks` table into memory.</summary>
internal sealed class CheckReader(TableLog log)
{
    private readonly List<InstallCheck> _checks = [];
    private readonly VersionIndex _versions = new();
    private long _unreadable;

    /// <exception cref="DifferenceException">A segment that the log names is gone.</exception>
    public async Task<TableChecks> ReadAsync(TableState state, CancellationToken cancel)
    {
        foreach (var file in state.Files.Values)
        {
            await foreach (var batch in TableRows.ReadAsync(log, file, cancel))
            {
                Take(batch);
            }
        }
        var order = _versions.Names.Index().OrderBy(version => version.Item, VersionOrder.Instance).ToList();
        var place = new int[order.Count];
        foreach (var (rank, version) in order.Index())
        {
            place[version.Index] = rank;
        }
        return new(_checks.ConvertAll(check => check with { Version = place[check.Version] }), order.ConvertAll(version => version.Item),
            _unreadable);
    }

    private void Take(Columns batch)
    {
        var addresses = batch.Strings.Single(column => column.Name == InstallCounter.AddressColumn);
        var versions = batch.Strings.Single(column => column.Name == InstallCounter.VersionColumn);
        for (var row = 0; row < batch.Rows; row++)
        {
            if (Address.Read(addresses[row], out var number) == Address.Family.None)
            {
                _unreadable++;
                continue;
            }
            _checks.Add(new(batch.Time[row], number, _versions.Of(versions[row])));
        }
    }
}
