using Pipeline.Core;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Rules 29 and 34 over time.</summary>
public sealed class TailSourceTests : IDisposable
{
    private readonly LogFolder _logs = new();
    private readonly FakeSink _sink = new();
    private TailSource _tail;

    public TailSourceTests() => _tail = _logs.Tail(_sink, "access.log*");

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task A_file_that_appears_and_grows_is_read()
    {
        await Poll();
        _logs.Write("access.log", "a1\npar");
        await Poll();
        _logs.Append("access.log", "tial\na3\n");
        await Poll();
        Assert.Equal(["a1", "partial", "a3"], _sink.Lines);
        await Poll(100);
        Assert.Equal(2, _sink.Offered.Count);
    }

    [Fact]
    public async Task A_rotated_file_is_drained_and_its_end_is_a_line_once_it_is_quiet()
    {
        _logs.Write("access.log", "a1\n");
        await Poll();
        _logs.Append("access.log", "a2\n");
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "");
        await Poll();
        _logs.Append("access.log.1", "a3\na4 cut");
        _logs.Append("access.log", "b1\n");
        await Poll(20);
        Assert.Equal(["a1", "a2", "a3", "b1"], _sink.Lines.Order());
        await Poll(20);
        Assert.Equal(["a1", "a2", "a3", "a4 cut", "b1"], _sink.Lines.Order());
        Assert.Equal(["renamed access.log access.log.1 6"], _logs.Events.Of("renamed"));
        Assert.Single(_logs.Events.Of("tail-taken"));
        Assert.Equal(0, _tail.PossibleLosses);
    }

    [Fact]
    public async Task An_unterminated_end_waits_for_ever_where_nothing_else_has_the_name()
    {
        _logs.Write("access.log", "a1\na2");
        await Poll(100);
        _logs.Move("access.log", "access.log.1");
        await Poll(100);
        Assert.Equal(["a1"], _sink.Lines);
    }

    [Fact]
    public async Task A_restart_between_rotation_and_the_quiet_end_loses_nothing()
    {
        _logs.Write("access.log", "a1\n");
        await Poll();
        _logs.Append("access.log", "a2\na3 cut");
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "b1\n");
        Restart();
        await Poll(5);
        Restart();
        await Poll(40);
        Assert.Equal(["a1", "a2", "a3 cut", "b1"], _sink.Lines.Order());
    }

    [Fact]
    public async Task A_file_that_is_compressed_after_rotation_is_read_where_it_was_left()
    {
        _logs.Write("access.log", "a1\n");
        await Poll();
        Restart();
        File.Delete(_logs["access.log"]);
        _logs.WriteGzip("access.log.2.gz", "a1\na2\na3");
        _logs.Write("access.log", "b1\n");
        await Poll(3);
        Assert.Equal(["a1", "a2", "a3", "b1"], _sink.Lines.Order());
    }

    [Fact]
    public async Task A_gzip_beside_its_original_is_read_once_the_original_is_gone_and_drained()
    {
        _logs.Write("access.log.1", "a1\na2\n");
        await Poll();
        _logs.WriteGzip("access.log.1.gz", "a1\na2\n");
        await Poll(3);
        File.Delete(_logs["access.log.1"]);
        await Poll(100);
        Assert.Equal(["a1", "a2"], _sink.Lines);
        Assert.Empty(_logs.Events.Of("same-content"));
        Assert.Equal(0, _tail.PossibleLosses);
    }

    [Fact]
    public async Task A_gzip_that_is_being_written_is_no_error_until_it_stays_cut()
    {
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i} {i * 7919L % 10007}\n"));
        var gzip = LogFolder.Gzip(text);
        _logs.WriteBytes("access.log.2.gz", gzip[..(gzip.Length / 2)]);
        await Poll(5);
        Assert.Empty(_logs.Events.Of("bad-gzip"));
        _logs.WriteBytes("access.log.2.gz", gzip);
        await Poll(5);
        Assert.Equal(20_000, _sink.Lines.Count);
        _logs.WriteBytes("access.log.3.gz", LogFolder.Gzip("x1\nx2\n")[..^3]);
        await Poll(100);
        Assert.Single(_logs.Events.Of("bad-gzip"));
        Assert.Equal(["x1", "x2"], _sink.Lines[^2..]);
    }

    [Fact]
    public async Task A_truncation_in_place_is_named_and_counted_and_the_new_content_read()
    {
        _logs.Write("access.log", "a1\na2\n");
        await Poll();
        _logs.Write("access.log", "b1\n");
        await Poll(2);
        Assert.Equal(["a1", "a2", "b1"], _sink.Lines);
        Assert.Equal(["truncated access.log 3 6"], _logs.Events.Of("truncated"));
        Assert.Equal(1, _tail.PossibleLosses);
        _logs.Write("access.log", "c1 and already longer than before\n");
        await Poll(2);
        Assert.Equal(2, _tail.PossibleLosses);
        Assert.Equal(4, _sink.Lines.Count);
    }

    [Fact]
    public async Task A_copy_that_was_taken_before_a_truncation_gives_what_was_not_read()
    {
        _logs.Write("access.log", "a1\na2\n");
        await Poll();
        _logs.Append("access.log", "a3\n");
        File.Copy(_logs["access.log"], _logs["access.log.1"]);
        _logs.Write("access.log", "");
        await Poll(3);
        _logs.Append("access.log", "b1\n");
        await Poll(3);
        Assert.Equal(["a1", "a2", "a3", "b1"], _sink.Lines);
        Assert.Equal(1, _tail.PossibleLosses);
    }

    [Fact]
    public async Task A_file_that_was_truncated_and_begins_as_before_is_read_anew()
    {
        _logs.Write("access.log", "a1\na2\na3\n");
        await Poll();
        _logs.Write("access.log", "a1\nx2\n");
        await Poll(3);
        Assert.Equal(["a1", "a2", "a3", "a1", "x2"], _sink.Lines);
        Assert.Equal(1, _tail.PossibleLosses);
        Restart();
        _logs.Append("access.log", "x3\nx4\n");
        await Poll(40);
        Assert.Equal(["x3", "x4"], _sink.Lines[5..]);
        Assert.Empty(_logs.Events.Of("shrunk"));
    }

    [Fact]
    public async Task A_file_that_is_shorter_than_what_was_read_before_the_start_is_left_alone_and_counted()
    {
        _logs.Write("access.log", "a1\na2\na3\n");
        await Poll();
        Restart();
        _logs.Write("access.log", "a1\n");
        await Poll(3);
        Assert.Equal(0, _tail.PossibleLosses);
        await Poll(40);
        Assert.Equal(["shrunk access.log 3 9"], _logs.Events.Of("shrunk"));
        Assert.Equal(1, _tail.PossibleLosses);
        _logs.Append("access.log", "x2\nx3\nx4\n");
        await Poll(3);
        Assert.Equal(["a1", "x2", "x3", "x4"], _sink.Lines[3..]);
    }

    [Fact]
    public async Task A_file_that_begins_as_the_rotated_one_is_read_whether_the_tail_saw_the_rotation_or_not()
    {
        _logs.Write("access.log", "same\na2\na3\n");
        await Poll();
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "same\nb2\n");
        await Poll(3);
        Assert.Equal(["same", "b2"], _sink.Lines[3..]);
        _logs.Move("access.log", "access.log.2");
        _logs.Write("access.log", "same\n");
        Restart();
        _logs.Append("access.log", "c\n");
        await Poll(3);
        Assert.Equal(["same", "c"], _sink.Lines[5..]);
        Assert.Equal(0, _tail.PossibleLosses);
    }

    [Fact]
    public async Task Two_files_that_were_alike_until_one_went_on_are_both_read()
    {
        _logs.Write("access.log", "same\n");
        await Poll();
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "same\n");
        await Poll(3);
        _logs.Append("access.log", "b2\n");
        await Poll(3);
        Assert.Equal(["same", "b2"], _sink.Lines);
        _logs.Append("access.log.1", "a2\n");
        await Poll(3);
        Assert.Equal(["same", "b2", "same", "a2"], _sink.Lines);
    }

    [Fact]
    public async Task A_truncation_is_told_from_a_rotation_also_where_the_file_is_not_open()
    {
        _tail = Tail(new TailOptions { Paths = [_logs["access.log*"]], MaxHandles = 0, QuietPoll = TimeSpan.Zero });
        _logs.Write("access.log", "a1\na2\n");
        await Poll();
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "b1\n");
        await Poll(400);
        Assert.Equal(0, _tail.PossibleLosses);
        _logs.Write("access.log", "c1\n");
        await Poll(3);
        Assert.Equal(1, _tail.PossibleLosses);
        Assert.Equal(["a1", "a2", "b1", "c1"], _sink.Lines);
    }

    /// <summary>Schedules 3856 and 3965: `copytruncate` and another rotation between two polls, of a file that was not open. Its inode is
    /// all that tells that what goes on is a copy.</summary>
    [Fact]
    public async Task A_file_that_is_not_open_and_goes_on_in_a_copy_while_its_name_is_gone_is_a_possible_loss()
    {
        _tail = Tail(new TailOptions { Paths = [_logs["access.log*"]], MaxHandles = 0, QuietPoll = TimeSpan.Zero });
        _logs.Write("access.log", "a1\na2\n");
        await Poll();
        File.Copy(_logs["access.log"], _logs["access.log.1"]);
        _logs.Append("access.log", "lost\n");
        File.Delete(_logs["access.log"]);
        await Poll(3);
        _logs.Append("access.log.1", "a3\n");
        await Poll(3);
        Assert.Equal(1, _tail.PossibleLosses);
        Assert.Equal(["a1", "a2", "a3"], _sink.Lines);
    }

    [Fact]
    public async Task A_file_that_is_deleted_while_it_is_not_open_is_a_possible_loss_unless_it_had_been_rotated()
    {
        _tail = Tail(new TailOptions { Paths = [_logs["access.log*"]], MaxHandles = 0, QuietPoll = TimeSpan.Zero });
        _logs.Write("access.log", "a1\n");
        await Poll();
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "b1\n");
        await Poll();
        File.Delete(_logs["access.log.1"]);
        await Poll(400);
        Assert.Equal(0, _tail.PossibleLosses);
        File.Delete(_logs["access.log"]);
        await Poll(400);
        Assert.Equal(1, _tail.PossibleLosses);
    }

    [Fact]
    public async Task An_end_that_grows_without_a_newline_is_read_once_and_again_when_it_ends()
    {
        _logs.Write("access.log", "a1\n");
        await Poll();
        for (var i = 0; i < 30; i++)
        {
            _logs.Append("access.log", new string('x', 100_000));
            await Poll(1);
        }
        Assert.Single(_sink.Lines);
        _logs.Append("access.log", "\nlast\n");
        await Poll();
        Assert.Equal(3, _sink.Lines.Count);
        Assert.Equal("last", _sink.Lines[^1]);
        Assert.InRange(_sink.Lines[1].Length, SourceBlock.MaxLineBytes + 1, 3_000_000);
        Assert.Equal(3_000_009, _sink.Offered[^1].To);
    }

    /// <summary>What docs/sources.md says of delays: half as long as it was quiet up to 5 s, a sixth as long up to 30 s; and a file that is
    /// new in its folder at the next poll.</summary>
    [Theory]
    [InlineData(25, 5)]
    [InlineData(90, 15)]
    [InlineData(2_000, 30)]
    public async Task A_quiet_file_is_looked_at_within_the_stated_time_and_a_new_one_at_once(int quiet, int within)
    {
        _tail = Tail(new TailOptions { Paths = [_logs["access.log*"]] });
        for (var f = 0; f < 8; f++)
        {
            _logs.Write($"access.log.{f}", $"first of {f}\n");
        }
        await Poll(quiet);
        for (var f = 0; f < 8; f++)
        {
            _logs.Append($"access.log.{f}", "more\n");
        }
        await Poll(1);
        Assert.InRange(_sink.Lines.Count, 8, 15);
        await Poll(within);
        Assert.Equal(16, _sink.Lines.Count);
        await Poll(quiet);
        _logs.Write("access.log.new", "new\n");
        Directory.SetLastWriteTimeUtc(_logs.Root, new DateTime(2026, 2, 1, 0, 0, 0, DateTimeKind.Utc));
        await Poll(1);
        Assert.Equal("new", _sink.Lines[^1]);
    }

    /// <summary>A rotation shows in the folder: all paths are asked at once, however long they were quiet, so that nothing waits for its
    /// turn.</summary>
    [Fact]
    public async Task A_file_that_was_quiet_for_an_hour_loses_nothing_when_it_is_written_and_rotated_twice_between_two_looks()
    {
        _tail = Tail(new TailOptions { Paths = [_logs["access.log*"]] });
        _logs.Write("access.log", "a1\n");
        _logs.Write("other.log", "o1\n");
        await Poll(3_600);
        _logs.Append("access.log", "a2\n");
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "b1\n");
        _logs.Move("access.log.1", "access.log.2");
        _logs.Move("access.log", "access.log.1");
        _logs.Write("access.log", "c1\n");
        Directory.SetLastWriteTimeUtc(_logs.Root, new DateTime(2026, 2, 1, 0, 0, 0, DateTimeKind.Utc));
        await Poll(1);
        Assert.Equal(["a1", "a2", "b1", "c1"], _sink.Lines.Order(StringComparer.Ordinal));
        Assert.Equal(0, _tail.PossibleLosses);
    }

    /// <summary>A folder whose time tells nothing, as on some network file systems, is listed all the same.</summary>
    [Fact]
    public async Task A_new_file_in_a_folder_whose_time_stands_still_is_found_within_the_stated_time()
    {
        _tail = Tail(new TailOptions { Paths = [_logs["access.log*"]] });
        _logs.Write("access.log", "a1\n");
        var before = new DateTime(2026, 2, 1, 0, 0, 0, DateTimeKind.Utc);
        Directory.SetLastWriteTimeUtc(_logs.Root, before);
        await Poll(2_000);
        _logs.Write("access.log.new", "n1\n");
        Directory.SetLastWriteTimeUtc(_logs.Root, before);
        await Poll(31);
        Assert.Equal(["a1", "n1"], _sink.Lines);
    }

    [Fact]
    public async Task A_deleted_file_is_drained_through_its_open_handle()
    {
        _logs.Write("access.log", "a1\n");
        await Poll();
        using var writer = new FileStream(_logs["access.log"], FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(_logs["access.log"]);
        writer.Write("a2\na3 cut"u8);
        writer.Flush();
        await Poll();
        Assert.Equal(["a1", "a2"], _sink.Lines);
        await Poll(40);
        Assert.Equal(["a1", "a2", "a3 cut"], _sink.Lines);
    }

    [Fact]
    public async Task Two_files_with_one_content_are_reported_once_when_it_lasts()
    {
        _logs.Write("access.log", "a1\na2\n");
        _logs.Write("access.log.copy", "a1\na2\n");
        await Poll(10);
        Assert.Empty(_logs.Events.Of("same-content"));
        await Poll(100);
        Assert.Equal(["same-content access.log.copy access.log"], _logs.Events.Of("same-content"));
        Assert.Equal(["a1", "a2"], _sink.Lines);
    }

    [Fact]
    public async Task Two_new_files_with_one_first_line_are_two_files()
    {
        _logs.Write("access.log", "same\na2\n");
        _logs.Write("access.log.x", "same\nx2\n");
        await Poll(3);
        Assert.Equal(["same", "a2", "same", "x2"], _sink.Lines);
        Assert.Equal(["same-first-line access.log.x 1"], _logs.Events.Of("same-first-line"));
    }

    [Fact]
    public async Task Open_files_are_bounded_and_closed_ones_go_on_when_they_grow()
    {
        _tail = new(new TailOptions { Paths = [_logs["access.log*"]], MaxHandles = 2 }, _sink.Cursors(), LogFolder.Combined, LogFolder.Hash,
            Core.Workers.Inline, _logs.Time, _logs.Events);
        for (var f = 0; f < 9; f++)
        {
            _logs.Write($"access.log.{f}", $"first of {f}\n");
        }
        await Poll(3);
        _logs.Append("access.log.0", "more\n");
        await Poll(2);
        Assert.Equal(10, _sink.Lines.Count);
    }

    [Fact]
    public async Task Stop_ends_the_source_when_what_was_offered_is_acknowledged()
    {
        var sink = new FakeSink(acknowledges: false);
        using var stop = new CancellationTokenSource();
        _logs.Write("access.log", "a1\n");
        var running = _logs.Tail(sink, "access.log").RunAsync(sink, stop.Token);
        Assert.Equal(1, sink.Waiting);
        await stop.CancelAsync();
        _logs.Append("access.log", "a2\n");
        _logs.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(running.IsCompleted);
        sink.Acknowledge();
        await running.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["a1"], sink.Lines);
    }

    [Fact]
    public async Task A_fenced_shard_ends_the_source()
    {
        _logs.Write("access.log", "a1\n");
        _sink.Fails = new FencedException("one", 5);
        await Assert.ThrowsAsync<FencedException>(() => _tail.RunAsync(_sink, TestContext.Current.CancellationToken));
    }

    private TailSource Tail(TailOptions options) => new(options, _sink.Cursors(), LogFolder.Combined, LogFolder.Hash, Core.Workers.Inline,
        _logs.Time, _logs.Events);

    private void Restart() => _tail = _logs.Tail(_sink, "access.log*");

    private async Task Poll(int times = 2)
    {
        for (var i = 0; i < times; i++)
        {
            while (await _tail.PollAsync(_sink, TestContext.Current.CancellationToken))
            {
            }
            _logs.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
