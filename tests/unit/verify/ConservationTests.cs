using Pipeline.Core.Captures;
using Pipeline.Core.Table.Fold;
using Pipeline.Processor.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>The decision alone: facts in, report out.</summary>
public sealed class ConservationTests
{
    private static readonly string[] Datasets = ["a", "b"];

    private static ShardFacts Shard(long lines, Tally captured, Tally pending, CaptureRange? range) => new()
    {
        Shard = "web", Totals = Totals(lines), Datasets = new Dictionary<string, DatasetFacts> { ["a"] = new(captured, pending, range) },
    };

    private static ReadTotals Totals(long lines)
    {
        var totals = new ReadTotals();
        totals.Add(new CaptureHeader
        {
            Store = "", Shard = "web", Number = 0, Session = "", KeyId = "", Contracts = [], Links = [], Frames = [],
            Reads = [new ReadEntry { Source = "web", Format = "combined", From = 0, To = 0, Check = "", Lines = lines, Duplicates = 1,
                Rejected = new(StringComparer.Ordinal) { ["empty"] = 2 } }],
        });
        return totals;
    }

    private static TableFacts Table(Tally took) => new() { Dataset = "a", Version = 3, ShippedByShard = new Dictionary<string,
        Tally> { ["web"] = took } };

    [Fact]
    public void Captured_is_shipped_and_pending()
    {
        var report = Conservation.Judge([Shard(13, new(3, new(10, 60)), new(1, new(4, 20)), new(7, 7))], [Table(new(2, new(6, 40)))],
            Datasets, false);
        Assert.True(report.Ok, string.Join('\n', report.Differences));
        Assert.Equal([new("a", "web", 7, 7, 4)], report.Pending);
        Assert.Equal(0, report.Records["b"]);
    }

    [Theory]
    [InlineData(12, 6, 40)]
    [InlineData(13, 5, 40)]
    [InlineData(13, 6, 41)]
    public void Lines_rows_and_sums_must_each_add_up(long lines, long rows, int sum)
    {
        var report = Conservation.Judge([Shard(lines, new(3, new(10, 60)), new(1, new(4, 20)), new(7, 7))],
            [Table(new(2, new(rows, (UInt128)sum)))], Datasets, false);
        Assert.False(report.Ok);
        Assert.Single(report.Differences);
    }

    [Fact]
    public void Records_of_a_dataset_without_a_contract_are_a_difference()
    {
        var report = Conservation.Judge([Shard(13, new(3, new(10, 60)), default, null)], [Table(new(3, new(10, 60)))], ["b"], false);
        Assert.Contains(report.Differences, text => text.StartsWith("dataset a: 10 records", StringComparison.Ordinal));
    }

    [Fact]
    public void Sides_that_were_not_looked_at_are_not_said_to_be_checked()
    {
        Assert.Equal(["uk"], Conservation.Judge(null, [Table(default)], Datasets, false).Checked);
        Assert.Equal(["us"], Conservation.Judge([], [], Datasets, false).Checked);
    }
}
