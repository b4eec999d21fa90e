using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>
/// One seeded schedule: writers, every kind of rotation, deletion and truncation, and kills between the polls of a real tail over real
/// files, on one thread and a virtual clock.
/// What is on the disk is known line by line, so that at the end each line is judged: read once; or destroyed before a poll could read it,
/// and then counted; or wrong.
/// </summary>
internal sealed class TailSchedule : IDisposable
{
    private const string Banner = "started";
    /// <summary>So many polls of one tail read what is there: a quiet file's limit, and one more for a gzip file, with some to
    /// spare.</summary>
    private const int PollsToRead = 9;
    /// <summary>And so many tell of a file that was cut: it must last.</summary>
    private const int PollsToTell = 45;
    /// <summary>And so many tell of a file that is gone for good.</summary>
    private const int PollsToMiss = 320;

    private sealed class Line(string text)
    {
        public string Text { get; } = text;
        public bool Complete, Alike, MayDouble, OfferedToTheDead;
        public int Places, PollsSeen, MaxPollsSeen;
        public int DestroyedAt = -1;
        public Destroyed How;
        public bool Known;
        public int DestroyedLife, WrittenAt;
        public int CutAt, CutLife;
        public bool Traceless;
        public string DestroyedLog = "";
    }

    private enum Destroyed { No, Emptied, Deleted }

    private sealed class Content(bool alike)
    {
        /// <summary>It begins as other files do.</summary>
        public bool Alike { get; set; } = alike;
        public List<Line> Lines { get; } = [];
        public bool Open, Gzip;
    }

    private readonly LogFolder _logs = new();
    private readonly Random _random;
    private readonly int _handles;
    private readonly string[] _names;
    private readonly SortedDictionary<string, Content> _disk = new(StringComparer.Ordinal);
    private readonly List<Line> _lines = [];
    private readonly Dictionary<string, Line> _byText = new(StringComparer.Ordinal);
    private readonly List<int> _pollsAtDeath = [];
    private readonly TailTotals _totals = new() { Schedules = 1 };
    private FakeSink _sink = new(acknowledges: false);
    private TailSource _tail;
    private DateTime _folderTime = new(2026, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private int _offered, _poll, _life, _said;
    private HashSet<string> _read = new(StringComparer.Ordinal);

    public TailSchedule(int seed)
    {
        _random = new Random(seed);
        _handles = ((int[])[0, 1, 3, 256, 256])[_random.Next(5)];
        _names = ((string[])["access.log", "other.log", "third.log"])[..(1 + _random.Next(3))];
        _tail = Tail();
    }

    /// <summary>What was done and what the tail said to it.</summary>
    public List<string> Trace { get; } = [];

    public async Task<TailTotals> RunAsync()
    {
        for (var steps = 20 + _random.Next(120); steps > 0; steps--)
        {
            await StepAsync(_names[_random.Next(_names.Length)]);
        }
        await PollAsync(PollsToMiss + 20);
        _sink.Acknowledge();
        Judge();
        return _totals;
    }

    public void Dispose() => _logs.Dispose();

    private TailSource Tail() =>
        new(new TailOptions { Paths = [_logs["*.log*"]], MaxHandles = _handles, QuietPoll = TimeSpan.FromSeconds(2),
        IdlePoll = TimeSpan.FromSeconds(5) }, _sink.Cursors(), LogFolder.Combined, LogFolder.Hash, Core.Workers.Inline, _logs.Time,
        _logs.Events);

    private async Task StepAsync(string log)
    {
        var kind = _random.Next(100);
        Trace.Add($"{_poll} {kind} {log}");
        switch (kind)
        {
            case < 28: Write(log, 1 + _random.Next(4)); break;
            case < 33: Part(log); break;
            case < 36: Late(log); break;
            case < 60: await PollAsync(1 + (_random.Next(3) == 0 ? _random.Next(12) : 0)); break;
            case < 62: await PollAsync(45); break;
            case < 69: _sink.Acknowledge(_random.Next(3) == 0 ? 1 + _random.Next(3) : int.MaxValue); break;
            case < 72: Kill(); break;
            case < 73: await PollAsync(12); break;
            case < 79: Rename(log); break;
            case < 84: CopyTruncate(log); break;
            case < 88: Empty(log); break;
            case < 89: Cut(log); break;
            case < 93: Delete(log); break;
            default: Compress(log); break;
        }
    }

    // what writers do

    private void Write(string log, int count)
    {
        var content = At(log);
        for (; count > 0; count--)
        {
            if (content.Open)
            {
                Finish(log);
                continue;
            }
            Add(log, content, complete: true);
        }
    }

    private void Part(string log)
    {
        if (At(log) is { Open: false } content)
        {
            Add(log, content, complete: false);
        }
    }

    /// <summary>The server writes to the old file until it is told that it was rotated.</summary>
    private void Late(string log)
    {
        if (_disk.GetValueOrDefault(log + ".1") is { Open: false, Lines.Count: > 0 } content)
        {
            Add(log + ".1", content, complete: true);
            _totals.LateLines++;
        }
    }

    private void Finish(string log)
    {
        _logs.Append(log, "\n");
        (_disk[log].Open, _disk[log].Lines[^1].Complete) = (false, true);
    }

    private void Add(string path, Content content, bool complete)
    {
        var line = new Line($"{path}-{_lines.Count}-{Filler(_random.Next(8) == 0 ? _random.Next(9_000) : _random.Next(90))}") { Complete =
            complete, Alike = content.Alike, WrittenAt = _poll };
        _lines.Add(line);
        _byText[line.Text] = line;
        content.Lines.Add(line);
        line.Places++;
        content.Open = !complete;
        _logs.Append(path, line.Text + (complete ? "\n" : ""));
    }

    /// <summary>Of no two lines alike, as lines of a log are not.</summary>
    private string Filler(int length) => string.Concat(Enumerable.Repeat($".{_lines.Count}", length / 2 + 1))[..length];

    private Content At(string log)
    {
        if (!_disk.TryGetValue(log, out var content))
        {
            var head = Head();
            _disk[log] = content = new Content(head.Length > 0);
            _logs.Write(log, head);
            Moved();
        }
        return content;
    }

    /// <summary>Some files all begin alike.</summary>
    private string Head() => _random.Next(3) == 0 ? Banner + "\n" : "";

    // what rotation does

    private void Rename(string log)
    {
        if (_disk.ContainsKey(log))
        {
            Leave(log);
            Shift(log);
            Move(log, log + ".1");
            if (_random.Next(2) == 0)
            {
                At(log);
            }
            _totals.Renames++;
        }
    }

    private void CopyTruncate(string log)
    {
        if (!_disk.TryGetValue(log, out var content))
        {
            return;
        }
        Leave(log);
        Shift(log);
        File.Copy(_logs[log], _logs[log + ".1"]);
        _logs.Append(log + ".1", "");
        var copy = _disk[log + ".1"] = new Content(content.Alike) { Open = content.Open };
        copy.Lines.AddRange(content.Lines);
        content.Lines.ForEach(l => l.Places++);
        Moved();
        if (_random.Next(4) == 0 && !content.Open)
        {
            Add(log, content, complete: true);
        }
        Clear(log, content);
        _totals.CopyTruncates++;
    }

    private void Empty(string log)
    {
        if (_disk.TryGetValue(log, out var content))
        {
            Clear(log, content);
            _totals.Truncates++;
        }
    }

    private void Clear(string log, Content content)
    {
        Destroy(log, content.Lines, content.Lines, Destroyed.Emptied);
        var head = Head();
        _disk[log] = new Content(head.Length > 0);
        _logs.Write(log, head);
        if (_random.Next(2) == 0)
        {
            Write(log, 1 + _random.Next(8));
        }
    }

    /// <summary>A part of the file is left: what is read again of it cannot be told from what was written anew.</summary>
    private void Cut(string log)
    {
        if (_disk.TryGetValue(log, out var content) && content.Lines.Count > 1)
        {
            var keep = 1 + _random.Next(content.Lines.Count - 1);
            var gone = content.Lines[keep..];
            Destroy(log, gone, content.Lines, Destroyed.Emptied);
            content.Lines.RemoveRange(keep, gone.Count);
            content.Lines.ForEach(l => (l.MayDouble, l.CutAt, l.CutLife) = (true, _poll, _life));
            content.Alike = true;
            content.Open = false;
            var text = File.ReadAllText(_logs[log]);
            var end = text.IndexOf(content.Lines[^1].Text, StringComparison.Ordinal) + content.Lines[^1].Text.Length + 1;
            using (var file = new FileStream(_logs[log], FileMode.Open))
            {
                file.SetLength(end);
            }
            _logs.Append(log, "");
            _totals.Cuts++;
        }
    }

    private void Delete(string log)
    {
        if (_disk.Remove(log, out var content))
        {
            Remove(log, content);
            _totals.Deletes++;
            if (_random.Next(2) == 0)
            {
                At(log);
            }
        }
    }

    private void Compress(string log)
    {
        var plain = _disk.Where(f => f.Key.StartsWith(log + ".", StringComparison.Ordinal) && !f.Value.Gzip).Select(f => f.Key).ToList();
        if (plain.Count > 0 && plain[_random.Next(plain.Count)] is var path)
        {
            _logs.WriteGzip(path + ".gz", File.ReadAllText(_logs[path]));
            File.Delete(_logs[path]);
            _disk.Remove(path, out var content);
            content!.Gzip = true;
            _disk[path + ".gz"] = content;
            Moved();
            _totals.Gzips++;
            // Copied, emptied and compressed between two polls: where the file was not open, the copy's content is found compressed, as
            // after any rotation.
            _lines.FindAll(l => l.DestroyedAt == _poll && l.DestroyedLog == log && _handles < _names.Length * 6)
                .ForEach(l => l.Traceless = true);
        }
    }

    private void Shift(string log)
    {
        for (var n = 4; n > 0; n--)
        {
            foreach (var suffix in (string[])["", ".gz"])
            {
                if (n == 4 && _disk.Remove($"{log}.4{suffix}", out var oldest))
                {
                    Remove($"{log}.4{suffix}", oldest);
                }
                else if (_disk.ContainsKey($"{log}.{n}{suffix}"))
                {
                    Move($"{log}.{n}{suffix}", $"{log}.{n + 1}{suffix}");
                }
            }
        }
    }

    private void Leave(string log)
    {
        if (_disk[log].Open && _random.Next(2) == 0)
        {
            Finish(log);
        }
    }

    private void Move(string from, string to)
    {
        _logs.Move(from, to);
        _disk.Remove(from, out var content);
        _disk[to] = content!;
        Moved();
    }

    private void Remove(string path, Content content)
    {
        Destroy(path, content.Lines, content.Lines, Destroyed.Deleted);
        File.Delete(_logs[path]);
        Moved();
    }

    /// <summary>The folder's time moves as it does where polls are a second apart.</summary>
    private void Moved() => Directory.SetLastWriteTimeUtc(_logs.Root, _folderTime += TimeSpan.FromSeconds(1));

    private void Destroy(string path, List<Line> gone, List<Line> all, Destroyed how)
    {
        // Where only what was not read yet is cut off, nothing of what was read tells of it.
        var known = (gone.Count == all.Count ? all : gone).Exists(l => _read.Contains(l.Text));
        foreach (var line in gone)
        {
            if (--line.Places == 0)
            {
                (line.DestroyedAt, line.How, line.Known, line.DestroyedLife, line.DestroyedLog) = (_poll, how, known, _life, path);
            }
        }
    }

    // what the tail does

    private void Kill()
    {
        foreach (var text in _read)
        {
            _byText[text].OfferedToTheDead = true;
        }
        _totals.Detected += _tail.PossibleLosses;
        _pollsAtDeath.Add(_poll);
        _lines.ForEach(l => l.PollsSeen = 0);
        _sink = _sink.Restarted();
        _tail = Tail();
        (_offered, _read) = (0, new(StringComparer.Ordinal));
        _life++;
        _totals.Kills++;
    }

    private async Task PollAsync(int times)
    {
        for (; times > 0; times--)
        {
            while (await _tail.PollAsync(_sink, TestContext.Current.CancellationToken))
            {
            }
            for (; _offered < _sink.Offered.Count; _offered++)
            {
                foreach (var text in System.Text.Encoding.Latin1.GetString(_sink.Offered[_offered].Lines.Span).Split('\n'))
                {
                    if (_byText.ContainsKey(text))
                    {
                        _read.Add(text);
                    }
                }
            }
            foreach (var line in _lines)
            {
                if (line is { Complete: true, Places: > 0 })
                {
                    line.MaxPollsSeen = Math.Max(line.MaxPollsSeen, ++line.PollsSeen);
                }
            }
            Trace.AddRange(_logs.Events.All[_said..].Select(e => $"    {_poll} {e}"));
            _said = _logs.Events.All.Count;
            _logs.Time.Advance(TimeSpan.FromSeconds(1));
            _poll++;
            _totals.Polls++;
        }
    }

    // the judgement

    private void Judge()
    {
        _totals.Detected += _tail.PossibleLosses;
        _pollsAtDeath.Add(_poll);
        _totals.Lines = _lines.Count(l => l.Complete);
        var read = _sink.Lines.Where(text => text != Banner).CountBy(text => text).ToDictionary(c => c.Key, c => c.Value);
        _totals.Read = read.Values.Sum();
        var wrong = new List<string>();
        var counted = new HashSet<(string, int)>();
        var cutTold = false;
        foreach (var (text, times) in read)
        {
            if (!_byText.TryGetValue(text, out var line))
            {
                wrong.Add($"a line of {text.Length} bytes that nobody wrote was read: {Short(text)}");
            }
            else if (times > 1 && line.MayDouble)
            {
                _totals.DoubledByCut++;
                cutTold |= _pollsAtDeath[line.CutLife] - line.CutAt >= PollsToTell;
            }
            else if (times > 1)
            {
                _totals.Doubled++;
                wrong.Add($"{Short(text)} was read {times} times");
            }
        }
        var held = _logs.Events.Of("shrunk").Any();
        foreach (var line in _lines.Where(l => l.Complete && !read.ContainsKey(l.Text)))
        {
            if (held && (line.Alike || line.MayDouble) && (line.How == Destroyed.No || line.MaxPollsSeen >= PollsToRead))
            {
                // A start found a file with a known first line that ends before its cursor: rule 34 leaves it alone, names and counts it.
                _totals.HeldBack++;
                counted.Add(("shrunk", -1));
            }
            else if (line is { Alike: true, How: not Destroyed.No, DestroyedLife: > 0, OfferedToTheDead: false }
                && line.MaxPollsSeen is >= PollsToRead and < PollsToTell)
            {
                // The same, and the process that left it alone was killed before that had lasted long enough to be told.
                _totals.LostUnseen++;
            }
            else if (line.How == Destroyed.No || (line.MaxPollsSeen >= PollsToRead && !line.OfferedToTheDead))
            {
                _totals.Lost++;
                wrong.Add($"{Short(line.Text)} was there for {line.MaxPollsSeen} polls of one tail and was not read: written at " +
                    $"{line.WrittenAt}, " +
                    $"{(line.How == Destroyed.No ? "and there still" : $"destroyed at {line.DestroyedAt} in {line.DestroyedLog}")}");
            }
            else if (line.OfferedToTheDead)
            {
                _totals.LostWithTheDead++;
            }
            else if (!line.Known || line.Traceless || _pollsAtDeath[line.DestroyedLife] - line.DestroyedAt < (line.How == Destroyed.Emptied
                ? PollsToRead : PollsToMiss))
            {
                // It was destroyed where no process knew the file, or the one that did was killed before it could tell.
                _totals.LostUnseen++;
            }
            else
            {
                _totals.LostAtDestruction++;
                counted.Add((line.DestroyedLog, line.DestroyedAt));
            }
        }
        var least = Math.Max(counted.Count, cutTold ? 1 : 0);
        if (_totals.Detected < least)
        {
            wrong.Add($"{_totals.Detected} possible losses were counted, expected at least {least}: {string.Join(", ", counted)}");
        }
        if (wrong.Count > 0)
        {
            throw new InvalidOperationException($"{string.Join("; ", wrong.Take(5))} (of {wrong.Count}); handles {_handles}, {_totals}");
        }
    }

    private static string Short(string text) => text.Length < 40 ? text : text[..40];
}
