using System.Globalization;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>
/// Files that go back: a power loss took their end, a backup was restored, a line was edited in place. New lines are captured, and a line
/// that is captured twice is counted.
/// `REWIND_ALL=1` goes through every byte at which a log can be cut, instead of a sample.
/// </summary>
public sealed class FileRewindTests(ITestOutputHelper output) : IDisposable
{
    private const int Count = 1_000;
    private static readonly string[] s_lines = [.. Enumerable.Range(0, Count).Select(n => Line("old", n))];
    private readonly LogFolder _logs = new();

    public void Dispose() => _logs.Dispose();

    public static TheoryData<bool> Readers => [false, true];

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task A_log_that_lost_its_end_gives_every_new_line_and_no_double_that_is_not_counted(bool followed)
    {
        var all = Environment.GetEnvironmentVariable("REWIND_ALL") is { Length: > 0 };
        var text = string.Concat(s_lines);
        var random = new Random(followed ? 1 : 2);
        var (cases, doubles, most) = (0, 0L, 0L);
        for (var cut = 1; cut < text.Length; cut += all ? 1 : random.Next(1, followed ? 2_400 : 1_200))
        {
            // The line that the cut lies in, and how many were captured behind it.
            var kept = text[..cut].Count(c => c == '\n');
            var captured = Math.Min(Count, kept + 1 + random.Next(200));
            var appended = random.Next(3) switch { 0 => 0, 1 => random.Next(10), _ => random.Next(500) };
            var (counted, twice) = await LoseEndAsync(followed, captured, text[..cut], appended, random.Next(3));
            Assert.True(twice <= counted, $"cut at {cut} of {captured} lines, {appended} appended: {twice} lines twice, {counted} counted");
            (cases, doubles, most) = (cases + 1, doubles + counted, Math.Max(most, counted));
        }
        // The lines of one interval: none is shorter than 60 bytes.
        Assert.InRange(most, 1, EarlierChecks.Interval / 60);
        output.WriteLine($"{cases} cuts, {doubles} possible doubles counted, {most} at most");
    }

    /// <summary>What is kept of a log with the lines before <paramref name="captured"/>, and more lines behind it.</summary>
    private async Task<(long Counted, long Twice)> LoseEndAsync(bool followed, int captured, string kept, int appended, int parts)
    {
        var sink = new FakeSink();
        var name = "access.log";
        _logs.Write(name, "");
        for (var (at, part) = (0, captured / (parts + 1) + 1); at < captured; at += part)
        {
            _logs.Append(name, string.Concat(s_lines[at..Math.Min(captured, at + part)]));
            await ReadAsync(sink, followed, polls: 2);
        }
        Assert.Equal(captured, sink.Lines.Count);
        var added = Enumerable.Range(0, appended).Select(n => Line("new", n)).ToArray();
        var then = _logs.Write(name, kept + string.Concat(added));
        sink = sink.Restarted();
        await ReadAsync(sink, followed, polls: 40);
        var whole = (await File.ReadAllTextAsync(then, TestContext.Current.CancellationToken)).Split('\n')[..^1];
        var read = sink.Lines.CountBy(line => line).ToDictionary();
        var lost = whole.Count(line => !read.ContainsKey(line));
        Assert.True(lost == 0, $"{lost} of {appended} lines lost behind {kept.Length} bytes of {captured} lines");
        return (sink.Notes.GetValueOrDefault(DoubleNotes.Rewound), read.Values.Sum(times => times - 1L));
    }

    [Theory]
    [InlineData(false, "delete")]
    [InlineData(true, "delete")]
    [InlineData(false, "change")]
    [InlineData(true, "change")]
    [InlineData(false, "insert")]
    [InlineData(true, "insert")]
    public async Task A_line_that_is_edited_in_place_doubles_no_line_and_is_counted_as_a_possible_loss(bool followed, string edit)
    {
        foreach (var at in (int[])[0, 1, 2, 7, 499, 990, 997, 998])
        {
            var sink = new FakeSink();
            _logs.Write("access.log", string.Concat(s_lines));
            var tail = followed ? await FollowAsync(sink) : null;
            await ReadAsync(sink, tail, 1);
            var edited = s_lines.ToList();
            switch (edit)
            {
                case "delete": edited.RemoveAt(at); break;
                case "change": edited[at] = Line("changed and longer", at); break;
                default: edited.Insert(at, Line("inserted", at)); break;
            }
            // As `sed -i` does: a new file under the name.
            _logs.Write("access.log.sed", string.Concat(edited));
            _logs.Move("access.log.sed", "access.log");
            await ReadAsync(sink, tail, 3);
            _logs.Append("access.log", string.Concat(Enumerable.Range(0, 5).Select(n => Line("new", n))));
            await ReadAsync(sink, tail, 40);
            var counted = sink.Notes.GetValueOrDefault(DoubleNotes.Rewound);
            Assert.Equal(5, sink.Lines[^5..].Count(line => line.StartsWith("new", StringComparison.Ordinal)));
            // Within the last bytes a changed line cannot be told from lines that were lost.
            Assert.True(at < 990 ? (sink.Lines.Count, counted, sink.Notes.GetValueOrDefault(LossNotes.Edited)) is (Count + 5, 0, 1)
                : sink.Lines.Count - Count - 5 <= counted + 1,
                $"line {at}: {sink.Lines.Count} lines read, {counted} counted, edited {sink.Notes.GetValueOrDefault(LossNotes.Edited)}; " +
                    $"{string.Join(", ", _logs.Events.All.TakeLast(6))}");
        }
    }

    [Fact]
    public async Task A_log_that_repeats_itself_and_lost_its_end_counts_every_line_that_is_read_again()
    {
        foreach (var kept in (int[])[100_000, 131_000, 190_001, 250_000])
        {
            var sink = new FakeSink();
            var round = string.Concat(s_lines[..60]);
            var text = string.Concat(Enumerable.Repeat(round, 600_000 / round.Length));
            _logs.Write("access.log", text);
            await ReadAsync(sink, followed: false, polls: 1);
            var first = sink.Lines.Count;
            _logs.Write("access.log", text[..kept]);
            sink = sink.Restarted();
            await ReadAsync(sink, followed: false, polls: 1);
            Assert.Equal(sink.Lines.Count - first, sink.Notes.GetValueOrDefault(DoubleNotes.Rewound));
        }
    }

    [Fact]
    public async Task A_restored_backup_with_new_lines_is_read_on_and_what_may_be_double_is_counted_and_reported()
    {
        var sink = new FakeSink();
        _logs.Write("access.log", string.Concat(s_lines));
        await _logs.ImportAsync(sink);
        _logs.Write("access.log", string.Concat(s_lines[..600]) + string.Concat(Enumerable.Range(0, 900).Select(n => Line("new", n))));
        var result = Assert.Single(await _logs.ImportAsync(sink));
        var twice = sink.Lines.CountBy(line => line).Sum(line => line.Value - 1);
        Assert.InRange(twice, 1, result.PossibleDoubles);
        Assert.Equal(900, sink.Lines.Distinct().Count() - Count);
        Assert.Equal((string.Concat(s_lines).Length, null), (result.Rewound, result.Error));
        Assert.Single(_logs.Events.Of("rewound"));
        Assert.Equal(result.PossibleDoubles, sink.Notes[DoubleNotes.Rewound]);
        // Again: nothing.
        Assert.Equal(0, Assert.Single(await _logs.ImportAsync(sink)).Lines);
    }

    [Fact]
    public async Task The_whole_log_after_an_older_copy_of_it_is_the_log_as_it_was()
    {
        var sink = new FakeSink();
        _logs.Write("access.log", string.Concat(s_lines));
        await _logs.ImportAsync(sink);
        _logs.Write("access.log", string.Concat(s_lines[..950]));
        var counted = Assert.Single(await _logs.ImportAsync(sink)).PossibleDoubles;
        _logs.Write("access.log", string.Concat(s_lines) + "last\n");
        await _logs.ImportAsync(sink);
        Assert.Equal("last", sink.Lines[^1]);
        Assert.InRange(sink.Lines.Count - Count - 1, 0, counted);
    }

    /// <summary>A restore that copies while the tail looks: each piece is the beginning of what was read.</summary>
    [Fact]
    public async Task A_log_that_is_being_restored_is_not_read_again()
    {
        var sink = new FakeSink();
        var text = string.Concat(s_lines);
        _logs.Write("access.log", text);
        await ReadAsync(sink, await FollowAsync(sink), 2);
        sink = sink.Restarted();
        _logs.Write("access.log", "");
        var tail = await FollowAsync(sink);
        for (var at = 0; at < text.Length; at += 7_000)
        {
            _logs.Append("access.log", text[at..Math.Min(text.Length, at + 7_000)]);
            await ReadAsync(sink, tail, 2);
        }
        _logs.Append("access.log", "last\n");
        await ReadAsync(sink, tail, 3);
        Assert.Equal(Count + 1, sink.Lines.Count);
    }

    [Fact]
    public async Task An_older_copy_that_would_be_read_again_from_far_back_is_an_error_that_names_it()
    {
        var sink = new FakeSink();
        var lines = Enumerable.Range(0, 40_000).Select(n => Line("old", n)).ToArray();
        _logs.Write("access.log", string.Concat(lines));
        await _logs.ImportAsync(sink);
        _logs.Write("access.log", string.Concat(lines[..12_000]));
        Assert.Contains("older copy", Assert.Single(await _logs.ImportAsync(sink)).Error, StringComparison.Ordinal);
        Assert.Equal(40_000, sink.Lines.Count);
    }

    private async Task<TailSource> FollowAsync(FakeSink sink)
    {
        await Task.CompletedTask;
        return _logs.Tail(sink, "access.log");
    }

    private Task ReadAsync(FakeSink sink, bool followed, int polls) =>
        ReadAsync(sink, followed ? _logs.Tail(sink, "access.log") : null, polls);

    private async Task ReadAsync(FakeSink sink, TailSource? tail, int polls)
    {
        for (; tail is not null && polls > 0; polls--)
        {
            while (await tail.PollAsync(sink, TestContext.Current.CancellationToken))
            {
            }
            _logs.Time.Advance(TimeSpan.FromSeconds(1));
        }
        if (tail is null)
        {
            await _logs.ImportAsync(sink, names: "access.log");
        }
    }

    /// <summary>As lines of a log are: alike, of different lengths, 60 to 200 bytes.</summary>
    private static string Line(string kind, int n) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{kind} 203.0.113.{n * 7 % 250} - - [01/Mar/2026:00:{n / 60 % 60:d2}:{n % 60:d2} +0000] \"GET " +
            $"/{new string('x', n * 31 % 130)} {n}\"\n");
}
