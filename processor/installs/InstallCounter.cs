using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Installs;

/// <summary>What to count. Both dates are inclusive and choose windows: a window with a day in the range is counted whole, so that its
/// numbers never depend on how the question was cut. Null: no bound.</summary>
public sealed record InstallQuestion(IReadOnlyList<WindowKind> By, UtcDay? From = null, UtcDay? To = null);

/// <summary>
/// Counts checks and distinct addresses from one version of the `xencenter-checks` table. Dates are read in order, only those that a window
/// asks for, and one window of each kind
/// is in memory at a time. One question at a time. A row belongs to the date of its partition, which `verify --deep` proves to be its own.
/// </summary>
public sealed class InstallCounter(TableLog log)
{
    internal const string AddressColumn = "client_ip", VersionColumn = "xencenter_version";

    private readonly VersionIndex _versions = new();
    private long _unreadable;

    /// <exception cref="PipelineException">3: a segment that the log names is gone or damaged; no number is given then. 78: a dataset
    /// without the two columns.</exception>
    public async Task<InstallFacts> CountAsync(InstallQuestion question, CancellationToken cancel = default) =>
        await CountAsync(await log.OpenAsync(cancel), question, cancel);

    /// <summary>The same from a version of the table that is open; null: there is no table.</summary>
    public async Task<InstallFacts> CountAsync(TableState? state, InstallQuestion question, CancellationToken cancel = default)
    {
        _unreadable = 0;
        var (address, version) = Columns();
        var dates = state?.Files.Values.GroupBy(file => file.Date).OrderBy(files => files.Key).ToList() ?? [];
        var counts = question.By.Distinct().Order().Select(kind => new WindowCount(kind)).ToList();
        var rows = new List<InstallRow>();
        foreach (var date in dates)
        {
            var open = counts.Where(count => Wanted(count.Kind, date.Key, question)).ToList();
            foreach (var count in open)
            {
                var start = WindowKinds.StartOf(count.Kind, date.Key);
                if (count.Start != start)
                {
                    rows.AddRange(count.Close(_versions.Names));
                    count.Open(start);
                }
            }
            foreach (var file in date.Where(_ => open.Count > 0).OrderBy(file => file.Path, StringComparer.Ordinal))
            {
                await CountFileAsync(file, open, address, version, cancel);
            }
        }
        rows.AddRange(counts.SelectMany(count => count.Close(_versions.Names)));
        return new InstallFacts
        {
            Dataset = log.Contract.Dataset, TableVersion = state?.Version ?? -1, Through = dates.Count == 0 ? null
                : dates[^1].Key.ToString(), UnreadableAddresses = _unreadable,
            Rows = [.. rows.OrderBy(row => WindowKinds.Parse(row.Window)).ThenBy(row => row.Start, StringComparer.Ordinal)
                .ThenBy(row => row.Version, StringComparer.Ordinal)],
        };
    }

    private static bool Wanted(WindowKind kind, UtcDay day, InstallQuestion question)
    {
        var start = WindowKinds.StartOf(kind, day);
        return (question.From is not { } from || WindowKinds.EndOf(kind, start) >= from) && (question.To is not { } to || start <= to);
    }

    private async Task CountFileAsync(SegmentFile file, List<WindowCount> open, int address, int version, CancellationToken cancel)
    {
        await foreach (var batch in TableRows.ReadAsync(log, file, cancel))
        {
            CountBatch(batch.Strings[address], batch.Strings[version], open);
        }
    }

    private void CountBatch(Utf8Column addresses, Utf8Column versions, List<WindowCount> open)
    {
        var (last, index) = (-1, 0);
        for (var row = 0; row < addresses.Count; row++)
        {
            var version = versions[row];
            if (last < 0 || !versions[last].SequenceEqual(version))
            {
                (last, index) = (row, _versions.Of(version));
            }
            var family = Address.Read(addresses[row], out var number);
            _unreadable += family == Address.Family.None ? 1 : 0;
            foreach (var count in open)
            {
                count.Add(index, family, number);
            }
        }
    }

    private (int Address, int Version) Columns()
    {
        var names = log.Contract.Strings.Select(field => field.Name).ToList();
        var found = (names.IndexOf(AddressColumn), names.IndexOf(VersionColumn));
        return found is { Item1: >= 0, Item2: >= 0 } ? found
            : throw new ConfigurationException(
                $"dataset {log.Contract.Dataset}: it has no columns {AddressColumn} and {VersionColumn}, which counting installs takes. " +
                $"Count those of xencenter-checks.");
    }
}
