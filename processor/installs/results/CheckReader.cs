using System.Text;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Installs.Estimates;

namespace Pipeline.Processor.Installs.Results;

/// <summary>The rows of a table as estimates take them.</summary>
/// <param name="Checks">Their versions are places in <paramref name="Versions"/>.</param>
/// <param name="Versions">In version order.</param>
/// <param name="Unreadable">Rows that were left out because their address is none.</param>
internal sealed record TableChecks(IReadOnlyList<InstallCheck> Checks, IReadOnlyList<string> Versions, long Unreadable);

/// <summary>Reads all rows of one version of the `xencenter-checks` table into memory.</summary>
internal sealed class CheckReader(TableLog log)
{
    private readonly List<InstallCheck> _checks = [];
    private readonly List<string> _versions = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private long _unreadable;

    /// <exception cref="DifferenceException">A segment that the log names is gone.</exception>
    public async Task<TableChecks> ReadAsync(TableState state, CancellationToken cancel)
    {
        foreach (var file in state.Files.Values)
        {
            if (await SegmentReader.OpenAsync(log.Store, TableNames.Segment(log.Contract.Dataset, file.Path), log.Contract, file.Size,
                cancel) is not { } reader)
            {
                throw new DifferenceException(
                    $"{log.Where}: segment {file.Path} ({file.Rows} rows of {file.Date}) is in the log and not in the store, so nothing " +
                    $"can be estimated. Restore it from a copy; `pipeline verify` names all that is gone.");
            }
            await foreach (var batch in reader.ReadAsync(cancel))
            {
                Take(batch);
            }
        }
        var order = _versions.Index().OrderBy(version => version.Item, VersionOrder.Instance).ToList();
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
            _checks.Add(new(batch.Time[row], number, IndexOf(versions[row])));
        }
    }

    private int IndexOf(ReadOnlySpan<byte> version)
    {
        var name = Encoding.UTF8.GetString(version);
        if (!_index.TryGetValue(name, out var index))
        {
            index = _versions.Count;
            _versions.Add(name);
            _index[name] = index;
        }
        return index;
    }
}
