using System.Runtime.CompilerServices;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Redrive;

/// <summary>A stretch of a file that an earlier capture read, and its lines that are rejections for one reason still.</summary>
/// <param name="File">The file's identity.</param>
/// <param name="Path">The name it had, in captures of program 0.1.0; null in later ones.</param>
/// <param name="To">Where the stretch ends, and <paramref name="Check"/> the keyed hash of the bytes before: what tells that a file still
/// holds it.</param>
/// <param name="Rejected">Physical lines, in order and apart.</param>
/// <param name="Done">Physical lines that redrives made records of, in order and apart.</param>
public sealed record RejectedRead(RedriveOf Of, string Source, string File, string? Path, string Format, long To, string Check,
    string Reason, IReadOnlyList<RejectedLines> Rejected, IReadOnlyList<RejectedLines> Done)
{
    /// <summary>Rejected lines as the capture names them: a physical line of several rows is one.</summary>
    public long Lines => Rejected.Sum(run => run.Count);
}

/// <summary>What of one source may be redriven: the rejections of its files, by the captures that stand.</summary>
public static class RejectedReads
{
    private const int HeadersAtOnce = 16;

    /// <param name="state">The shard's state now: what was redriven is in it.</param>
    /// <param name="lost">Hears how many rejections were pushed, which nobody has to read again.</param>
    public static async Task<IReadOnlyList<RejectedRead>> OfAsync(CaptureStore captures, ShardState state, string source, string reason,
        Action<long> lost, CancellationToken cancel)
    {
        var found = new List<RejectedRead>();
        await foreach (var n in WithRejectionsAsync(captures, state, source, reason, cancel))
        {
            // What was withdrawn is not brought back by another way.
            if (state.IsWithdrawn(n) || await captures.ReadAsync(state.Shard, n, cancel) is not { } capture)
            {
                continue;
            }
            IReadOnlyList<RejectedLines>? runs = null;
            for (var i = 0; i < capture.Header.Reads.Count; i++)
            {
                var read = capture.Header.Reads[i];
                if (!Rejects(read, source, reason))
                {
                    continue;
                }
                if (read.File is null)
                {
                    lost(read.Rejected![reason]);
                    continue;
                }
                runs ??= capture.RejectedLines();
                var of = new RedriveOf(n, i);
                var done = await DoneAsync(captures, state, of, cancel);
                var left = LineRuns.Without([.. runs.Where(run => run.Read == i && run.Reason == reason)], done);
                if (left.Count > 0)
                {
                    found.Add(new RejectedRead(of, source, read.File, read.Path, read.Format, read.To, read.Check, reason, left, done));
                }
            }
        }
        return found;
    }

    private static bool Rejects(ReadEntry read, string source, string reason) =>
        read.Source == source && read.Redrive is null && read.Rejected?.GetValueOrDefault(reason) is > 0;

    /// <summary>The captures that count such rejections, in order, by their headers: many at a time, for a shard has millions of captures.
    /// Where the state counts none, none is read.</summary>
    private static async IAsyncEnumerable<long> WithRejectionsAsync(CaptureStore captures, ShardState state, string source, string reason,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        if (state.Sources.GetValueOrDefault(source)?.Rejected.GetValueOrDefault(reason) is not > 0)
        {
            yield break;
        }
        var ahead = new Queue<(long Number, Task<CaptureHeader?> Header)>();
        var next = await FirstAsync(captures, state.Shard, cancel) ?? state.Next;
        while (next < state.Next || ahead.Count > 0)
        {
            for (; next < state.Next && ahead.Count < HeadersAtOnce; next++)
            {
                ahead.Enqueue((next, captures.HeaderAsync(state.Shard, next, cancel)));
            }
            var (number, header) = ahead.Dequeue();
            if ((await header)?.Reads.Any(read => Rejects(read, source, reason)) == true)
            {
                yield return number;
            }
        }
    }

    /// <summary>The newest redrive of a read says all its lines that are records by now.</summary>
    private static async Task<IReadOnlyList<RejectedLines>> DoneAsync(CaptureStore captures, ShardState state, RedriveOf of,
        CancellationToken cancel)
    {
        if (state.Redrives?.TryGetValue(ShardState.RedriveKey(of), out var newest) != true)
        {
            return [];
        }
        var capture = await captures.ReadAsync(state.Shard, newest, cancel)
            ?? throw new Core.DifferenceException(
                $"shard {state.Shard}: capture {newest}, which says what was redriven of capture {of.Capture}, is gone, and capture " +
                $"{of.Capture} is not. CaptureStore expire from the lowest number up: restore capture {newest}.");
        // Of several in one capture each holds what those before it hold.
        var last = capture.Header.Reads.Select((read, i) => (read, i)).Last(r => r.read.Redrive == of).i;
        return [.. capture.RejectedLines().Where(run => run.Read == last && run.Reason == RejectionBlock.Redriven)
            .Select(run => run with { Read = 0 })];
    }

    private static async Task<long?> FirstAsync(CaptureStore captures, string shard, CancellationToken cancel)
    {
        await foreach (var found in captures.Store.ListAsync($"{CaptureNames.CapturesFolder}{shard}/", null, cancel))
        {
            if (CaptureNames.NumberOf(found.Name) is { } number)
            {
                return number;
            }
        }
        return null;
    }
}
