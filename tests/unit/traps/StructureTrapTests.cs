using System.Text.RegularExpressions;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;
using Pipeline.Tests.Unit.Deploy;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Traps;

/// <summary>Traps of docs/traps.md that the shape of the program excludes.</summary>
public sealed partial class StructureTrapTests
{
    /// <summary>
    /// Who cleans up after a failure deletes what the failure only reported. Objects are deleted where the proof stands that they are void
    /// (rule 23), or that they expired (rule 10), and nowhere else.
    /// </summary>
    [Fact]
    public void Rule_23_nothing_deletes_but_what_proves_first_that_it_may()
    {
        // The store clock removes the object that it has just put, to be told the time; the metered store passes on what it is told.
        string[] may = ["core/store/", "cli/roles/WatchedStore.cs", "cli/telemetry/MeteredStore.cs",
            "processor/compaction/OrphanedSegments.cs", "processor/compaction/StoreClock.cs"];
        var found = Sources().Where(s => DeletePattern().IsMatch(File.ReadAllText(s)))
            .Select(s => Path.GetRelativePath(DeployedFiles.Repository, s).Replace('\\', '/'));
        Assert.All(found, file => Assert.Contains(may, allowed => file.StartsWith(allowed, StringComparison.Ordinal)));
    }

    /// <summary>
    /// No field of a line is part of a name, so none can lead out of a folder. What names are made of: shards and sources (checked),
    /// numbers, dates (typed), and random identifiers.
    /// </summary>
    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("%2e%2e%2f")]
    [InlineData("a/../../b")]
    [InlineData("a\0b")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("A\u0301")]
    public void A_name_that_could_lead_elsewhere_is_no_shards(string name)
    {
        Assert.False(CaptureNames.IsName(name));
        Assert.False(CaptureNames.IsName(name + new string('a', 4_096)));
    }

    /// <summary>Encodings that a reader of its time did not know made files unreadable: ours are plain, dictionary and deltas of integers,
    /// and times say that they are UTC.</summary>
    [Fact]
    public async Task A_segment_uses_only_encodings_that_every_reader_knows_and_its_times_are_UTC()
    {
        var day = StoredWorld.Day;
        foreach (var (contract, last) in new[] { (StoredWorld.Checks, "8.2.7"), (StoredWorld.Agents, null),
            (StoredWorld.Agents, (string?)"1a2b") })
        {
            using var writer = new SegmentWriter(contract, day, new SegmentLabel("s", "k", contract.Sha256, []));
            // Few and many distinct values: dictionary and plain.
            foreach (var distinct in new[] { 3, 50_000 })
            {
                writer.Add(StoredWorld.ToColumns(contract, Enumerable.Range(0, 50_000)
                    .Select(i => new Row(day.Number * UtcDay.MicrosPerDay
                    + i, $"10.{i % distinct >> 16}.{i % distinct >> 8 & 255}.{i % distinct & 255}", last))));
            }
            using var stream = new MemoryStream(writer.Finish().ToArray());
            await using var reader = await Parquet.ParquetReader.CreateAsync(stream,
                cancellationToken: TestContext.Current.CancellationToken);
            var encodings = reader.Metadata!.RowGroups.SelectMany(g => g.Columns).SelectMany(c => c.MetaData!.Encodings)
                .Select(e => e.ToString()).Distinct().Order(StringComparer.Ordinal);
            Assert.Subset(new HashSet<string>(["DELTA_BINARY_PACKED", "PLAIN", "PLAIN_DICTIONARY", "RLE", "RLE_DICTIONARY"]),
                new HashSet<string>(encodings));
            var time = Assert.IsType<Parquet.Schema.DateTimeDataField>(reader.Schema.GetDataFields()[0]);
            Assert.Equal((true, Parquet.Schema.DateTimeTimeUnit.Micros), (time.IsAdjustedToUTC, time.Unit));
        }
    }

    private static IEnumerable<string> Sources() => new[] { "core", "ingest", "shipper", "processor", "cli" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(DeployedFiles.Repository, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    // Of a store; topics of the administrator, files of the directory store and temporaries are other matters.
    [GeneratedRegex(@"\.DeleteAsync\(")]
    private static partial Regex DeletePattern();
}
