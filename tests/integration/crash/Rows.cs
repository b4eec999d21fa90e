using System.Globalization;
using System.Text;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>Rows as a multiset: each row's dataset and values, and how often it is there.</summary>
internal sealed class Rows
{
    private readonly Dictionary<string, int> _rows = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    public void Add(string dataset, long micros, string address, string? value)
    {
        var row = string.Create(CultureInfo.InvariantCulture, $"{dataset} {micros} {address} {value ?? "-"}");
        _rows[row] = _rows.GetValueOrDefault(row) + 1;
        Count++;
    }

    /// <summary>What the tables hold, read back from Parquet.</summary>
    public static async Task<Rows> ReadAsync(InstallationPlaces places)
    {
        using var installation = await OpenInstallation.OpenAsync(places, TimeProvider.System, CancellationToken.None);
        var rows = new Rows();
        foreach (var log in installation.Logs)
        {
            var state = await log.OpenAsync() ?? throw new InvalidOperationException($"no table at {log.Where}");
            foreach (var file in state.Files.Values)
            {
                var reader = await SegmentReader.OpenAsync(installation.Uk, TableNames.Segment(log.Contract.Dataset, file.Path),
                    log.Contract, file.Size) ?? throw new InvalidOperationException($"{file.Path} is gone");
                await foreach (var batch in reader.ReadAsync())
                {
                    for (var i = 0; i < batch.Rows; i++)
                    {
                        rows.Add(log.Contract.Dataset, batch.Time[i], Text(batch.Strings[0], i)!, Text(batch.Strings[1], i));
                    }
                }
            }
        }
        return rows;
    }

    /// <summary>Rows that are here and not there, each as often as it is missing.</summary>
    public IReadOnlyList<string> Without(Rows other) =>
        [.. _rows.SelectMany(row => Enumerable.Repeat(row.Key, Math.Max(0, row.Value - other._rows.GetValueOrDefault(row.Key))))];

    private static string? Text(Utf8Column column, int row) => column.Required || column.IsPresent(row)
        ? Encoding.UTF8.GetString(column[row]) : null;
}
