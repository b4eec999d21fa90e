using Pipeline.Core;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

public sealed class FileImportTests : IDisposable
{
    private readonly LogFolder _logs = new();
    private readonly FakeSink _sink = new();

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task A_second_run_reads_nothing_and_a_third_only_what_came()
    {
        _logs.Write("a.log", "a1\na2\n");
        _logs.WriteGzip("b.log", "b1\nb2\n");
        await _logs.ImportAsync(_sink);
        Assert.Equal(["a1", "a2", "b1", "b2"], _sink.Lines.Order());
        var again = await _logs.ImportAsync(_sink);
        Assert.Equal(2, _sink.Offered.Count);
        Assert.All(again, r => Assert.Equal((6, 6, 0, null), (r.From, r.To, r.Lines, r.Error)));
        _logs.Append("a.log", "a3\n");
        _logs.WriteGzip("b.log", "b1\nb2\nb3\n");
        await _logs.ImportAsync(_sink);
        Assert.Equal(["a1", "a2", "a3", "b1", "b2", "b3"], _sink.Lines.Order());
    }

    /// <summary>Rule 29.</summary>
    [Fact]
    public async Task An_unterminated_end_is_pending_unless_it_is_final_or_a_gzip_ends_soundly()
    {
        _logs.Write("a.log", "a1\na2");
        _logs.WriteGzip("b.gz", "b1\nb2");
        _logs.Write("only.log", "c1");
        var results = await _logs.ImportAsync(_sink);
        Assert.Equal([2, 0, 2], results.Select(r => r.Pending));
        Assert.Equal(["a1", "b1", "b2"], _sink.Lines.Order());
        Assert.Null(results[2].Identity);
        await _logs.ImportAsync(_sink, final: true);
        Assert.Equal(["a1", "a2", "b1", "b2", "c1"], _sink.Lines.Order());
        await _logs.ImportAsync(_sink, final: true);
        Assert.Equal(5, _sink.Lines.Count);
    }

    /// <summary>Rule 34: the same content under another name, also compressed, is the same file.</summary>
    [Fact]
    public async Task A_renamed_or_compressed_file_goes_on_where_it_was()
    {
        _logs.Write("access.log", "a1\na2\npart");
        await _logs.ImportAsync(_sink);
        _logs.Move("access.log", "access.log.1");
        _logs.Append("access.log.1", "ial\n");
        await _logs.ImportAsync(_sink);
        File.Delete(_logs["access.log.1"]);
        _logs.WriteGzip("access.log.2.gz", "a1\na2\npartial\na4");
        await _logs.ImportAsync(_sink);
        Assert.Equal(["a1", "a2", "partial", "a4"], _sink.Lines);
        Assert.Single(_sink.Files);
    }

    [Fact]
    public async Task Two_paths_with_one_content_are_reported_and_read_once()
    {
        _logs.Write("a.log", "a1\na2\n");
        _logs.WriteGzip("b.gz", "a1\na2\na3\n");
        var results = await _logs.ImportAsync(_sink);
        Assert.Equal(["a1", "a2", "a3"], _sink.Lines);
        Assert.Equal(_logs["a.log"], results[1].SameAs);
        Assert.Single(_logs.Events.Of("same-content"));
    }

    [Fact]
    public async Task The_same_first_line_with_other_bytes_after_it_is_another_file_and_reported()
    {
        _logs.Write("a.log", "same\na2\n");
        _logs.Write("b.log", "same\nb2\n");
        var results = await _logs.ImportAsync(_sink);
        Assert.Equal(["same", "a2", "same", "b2"], _sink.Lines);
        Assert.Equal(results[0].Identity + ".1", results[1].Identity);
        Assert.Single(_logs.Events.Of("same-first-line"));
        await _logs.ImportAsync(_sink);
        Assert.Equal(4, _sink.Lines.Count);
    }

    [Fact]
    public async Task Of_a_file_shorter_than_its_cursor_what_may_be_new_is_read_and_counted()
    {
        _logs.Write("a.log", "a1\na2\na3\n");
        await _logs.ImportAsync(_sink);
        _logs.Write("a.log", "a1\nx2\n");
        var result = Assert.Single(await _logs.ImportAsync(_sink));
        Assert.Equal((1, 2, 2, null), (result.Ordinal, result.Lines, result.PossibleDoubles, result.Error));
        Assert.Equal(["a1", "a2", "a3", "a1", "x2"], _sink.Lines);
    }

    [Fact]
    public async Task A_cut_gzip_gives_its_complete_lines_and_an_error_and_the_whole_one_the_rest()
    {
        var text = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"line {i} {i * 7919L % 10007}\n"));
        var gzip = LogFolder.Gzip(text);
        _logs.WriteBytes("a.gz", gzip[..(gzip.Length / 2)]);
        var cut = Assert.Single(await _logs.ImportAsync(_sink, final: true));
        Assert.Equal(ContentEnd.Cut, cut.End);
        Assert.Contains(_logs["a.gz"], cut.Error, StringComparison.Ordinal);
        Assert.InRange(_sink.Lines.Count, 100, 4_999);
        _logs.WriteBytes("a.gz", gzip);
        var whole = Assert.Single(await _logs.ImportAsync(_sink));
        Assert.Equal((cut.To, text.Length, null), (whole.From, whole.To, whole.Error));
        Assert.Equal(text, string.Concat(_sink.Lines.Select(l => l + "\n")));
        _logs.WriteBytes("a.gz", gzip[..(gzip.Length / 3)]);
        Assert.Contains("cut", Assert.Single(await _logs.ImportAsync(_sink)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_one_file_names_it_and_the_others_go_on()
    {
        Directory.CreateDirectory(_logs["folder.log"]);
        _logs.Write("folder.log/inner.log", "inner\n");
        _logs.WriteBytes("bad.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF, 1, 2, 3]);
        File.CreateSymbolicLink(_logs["broken.log"], _logs["nowhere"]);
        _logs.Write("good.log", "good\n");
        var results = await _logs.ImportAsync(_sink, names: ["missing.log", "bad.gz", "folder.log", "good.log", "no*match", "broken.log"]);
        Assert.Equal(["good", "inner"], _sink.Lines.Order());
        Assert.Equal(["missing.log", "bad.gz", "no*match", "broken.log"],
            results.Where(r => r.Error is not null).Select(r => Path.GetFileName(r.Path)));
        Assert.All(results.Where(r => r.Error is not null), r => Assert.Contains(r.Path, r.Error, StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_opened_as_a_file_is_an_error_that_says_so() =>
        Assert.Contains("is a folder", Assert.Throws<UnreadableFileException>(() => SourceFile.Open(_logs.Root)).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task A_file_that_shrinks_while_it_is_read_is_an_error_and_what_was_complete_is_taken()
    {
        var line = new string('x', 999) + "\n";
        _logs.Write("a.log", string.Concat(Enumerable.Repeat(line, 4_000)));
        var shrinking = new Interfering(_sink, () => File.OpenHandle(_logs["a.log"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite),
            1_500_500);
        var result = Assert.Single(await new FileImport(_sink.Cursors(), LogFolder.Combined, LogFolder.Hash, shrinking, Workers.Inline)
            .RunAsync([_logs["a.log"]], false, TestContext.Current.CancellationToken));
        Assert.Contains("shrank", result.Error, StringComparison.Ordinal);
        Assert.Equal((1_500_000, 500), (result.To, result.Pending));
        Assert.Equal(1_500, _sink.Lines.Count);
    }

    [Fact]
    public async Task Formats_are_detected_and_a_file_keeps_the_one_it_was_read_with()
    {
        _logs.Write("w3c.log",
            "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent)\n2026-01-05 08:01:02 203.0.113.9 GET /updates.tsv agent\n");
        _logs.Write("what.log", "neither\nfish\nnor\nfowl\n");
        var results = await _logs.ImportAsync(_sink, auto: true);
        Assert.Equal(("iis-w3c", null), (results[0].Format, results[0].Error));
        Assert.Contains(_logs["what.log"], results[1].Error, StringComparison.Ordinal);
        _logs.Append("w3c.log", "not a line\n");
        Assert.Equal("iis-w3c", (await _logs.ImportAsync(_sink, auto: true))[0].Format);
    }

    [Fact]
    public async Task A_fenced_shard_stops_the_run()
    {
        _logs.Write("a.log", "a\n");
        _logs.Write("b.log", "b\n");
        _sink.Fails = new FencedException("one", 5);
        await Assert.ThrowsAsync<FencedException>(() => _logs.ImportAsync(_sink));
    }

    [Fact]
    public async Task Many_files_on_many_threads_are_each_read_in_order()
    {
        for (var f = 0; f < 40; f++)
        {
            var text = string.Concat(Enumerable.Range(0, 20_000 / (1 + f % 5)).Select(i => $"{f % 30} line {i} {new string('z', 100)}\n"));
            if (f % 2 == 0)
            {
                _logs.Write($"{f}.log", text);
            }
            else
            {
                _logs.WriteGzip($"{f}.log", text);
            }
        }
        var results = await _logs.ImportAsync(_sink, workers: Workers.Pool);
        Assert.Equal(30, results.Count(r => r.Lines > 0));
        Assert.Equal(10, results.Count(r => r.SameAs is not null));
        Assert.Equal(_sink.Lines.Count, _sink.Lines.Distinct().Count());
        Assert.Equal(_sink.Lines.Count, results.Sum(r => r.Lines));
        Assert.Equal(_sink.Lines.Count, results.Sum(r => r.Counts.Lines));
    }

    [Fact]
    public void Patterns_find_files_in_order_and_folders_below_them()
    {
        Directory.CreateDirectory(_logs["x/y"]);
        foreach (var name in (string[])["b.log", "a.log", "x/c.log", "x/y/d.log", "x/e.txt", ".hidden"])
        {
            _logs.Write(name, "");
        }
        string[] Found(string pattern) => [.. SourcePaths.Find(_logs[pattern]).Select(p => Path.GetRelativePath(_logs.Root, p))];
        Assert.Equal(["a.log", "b.log"], Found("*.log"));
        Assert.Equal(["a.log", "b.log", "x/c.log", "x/y/d.log"], Found("**/*.log"));
        Assert.Equal(["x/c.log"], Found("?/*.log"));
        Assert.Equal(["a.log", "b.log", "x/c.log", "x/e.txt", "x/y/d.log"], Found(""));
        Assert.Equal([".hidden"], Found(".hidden"));
        Assert.Empty(Found("none/*.log"));
    }

    /// <summary>Cuts the file when its first block is offered.</summary>
    private sealed class Interfering(FakeSink sink, Func<Microsoft.Win32.SafeHandles.SafeFileHandle> open, long length) : IBlockSink
    {
        public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
        {
            using var handle = open();
            RandomAccess.SetLength(handle, Math.Min(length, RandomAccess.GetLength(handle)));
            return sink.OfferAsync(block, cancel);
        }
    }
}
