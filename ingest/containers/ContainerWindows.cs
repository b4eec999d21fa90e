using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Files;

namespace Pipeline.Ingest.Containers;

/// <summary>
/// The last rows of the blobs that were read last; those that were quiet longest are forgotten, and made again from the blob's own bytes
/// before the position. So a restart finds the same repeated rows as a process that goes on.
/// </summary>
internal sealed class ContainerWindows(IAppendedBlobs blobs, int rows, int most, long seed, Workers workers)
{
    /// <summary>Bytes that are read back at first; four times as many where they hold too few rows.</summary>
    private const long Back = 4 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (ContainerRows Rows, long Used)> _open = new(StringComparer.Ordinal);
    private long _uses;

    /// <summary>The rows before an offset of a blob; null where the blob has changed.</summary>
    public async Task<ContainerRows?> AtAsync(AppendedBlob blob, FileReading reading, long offset, CancellationToken cancel)
    {
        var window = Take(reading.Identity);
        return window.At == offset || await FillAsync(window, blob, reading, offset, cancel) ? window : null;
    }

    private ContainerRows Take(string identity)
    {
        lock (_lock)
        {
            var window = _open.TryGetValue(identity, out var open) ? open.Rows : new ContainerRows(rows, seed);
            _open[identity] = (window, _uses++);
            if (_open.Count > most)
            {
                _open.Remove(_open.MinBy(o => o.Value.Used).Key);
            }
            return window;
        }
    }

    private async Task<bool> FillAsync(ContainerRows window, AppendedBlob blob, FileReading reading, long offset, CancellationToken cancel)
    {
        for (var back = Back; ; back *= 4)
        {
            window.Clear();
            var from = Math.Max(0, offset - back);
            if (offset > 0)
            {
                var start = new FileCursor { Source = reading.Source, Offset = from, Check = "", Format = reading.Format.Name };
                using var lines = await ContainerLines.OpenAsync(blobs, blob, reading, start, offset, check: false, workers, cancel);
                if (lines is null)
                {
                    return false;
                }
                // The first line was met in its middle.
                for (var skip = from > 0; await lines.NextAsync(final: true, cancel) is { } block; skip = false)
                {
                    var first = skip ? block.Lines.Span.IndexOf((byte)'\n') + 1 : 0;
                    await workers.Run(() => window.Add(block.Lines.Span[first..], reading.Format));
                    block.Release?.Invoke();
                }
                if (lines.Changed)
                {
                    return false;
                }
            }
            if (window.IsFull || from == 0)
            {
                window.At = offset;
                return true;
            }
        }
    }
}
