using System.Diagnostics;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Tail;

/// <summary>Files that servers append to at a steady rate, all of them in turn.</summary>
internal sealed class GrowingLogs : IDisposable
{
    private readonly FileStream[] _files;
    private readonly byte[] _text;
    private readonly List<int> _ends = [];
    private readonly int _linesPerSecond;
    private readonly long _total;

    public GrowingLogs(string folder, int files, int linesPerSecond, TimeSpan during)
    {
        Directory.CreateDirectory(folder);
        _linesPerSecond = linesPerSecond;
        _total = (long)(linesPerSecond * during.TotalSeconds);
        using var text = new MemoryStream();
        CombinedLog.Write(text, linesPerSecond, Stages.Blocks.Seed, days: 1);
        _text = text.ToArray();
        for (var at = 0; at < _text.Length; _ends.Add(at))
        {
            at += _text.AsSpan(at).IndexOf((byte)'\n') + 1;
        }
        _files = [.. Enumerable.Range(0, files)
            .Select(f => new FileStream(Path.Combine(folder, $"site-{f:D3}.log"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite,
            0))];
        for (long line = 0; line < _total; line += _ends.Count)
        {
            TotalBytes += Math.Min(_ends.Count, _total - line) == _ends.Count ? _text.Length : _ends[(int)(_total - line) - 1];
        }
    }

    public long TotalLines => _total;

    public long TotalBytes { get; }

    /// <summary>Writes what is due at each tick, shared among the files; a late tick writes more.</summary>
    public async Task WriteAsync(TimeSpan tick)
    {
        using var timer = new PeriodicTimer(tick, TimeProvider.System);
        var started = Stopwatch.GetTimestamp();
        for (long written = 0; written < _total && await timer.WaitForNextTickAsync();)
        {
            var due = Math.Min(_total, (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * _linesPerSecond));
            for (var f = 0; f < _files.Length && written < due; f++)
            {
                var lines = (due - written) / (_files.Length - f);
                for (long until = written + lines; written < until;)
                {
                    var first = (int)(written % _ends.Count);
                    var count = (int)Math.Min(until - written, _ends.Count - first);
                    var from = first == 0 ? 0 : _ends[first - 1];
                    _files[f].Write(_text.AsSpan(from, _ends[first + count - 1] - from));
                    written += count;
                }
            }
        }
    }

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }
}
