using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Processor.Status;

/// <summary>Lines that became no record: how many, why, and from where. Never what they held.</summary>
public sealed record RejectionsReport
{
    /// <summary>Reason → lines, since each shard's first capture.</summary>
    public required SortedDictionary<string, long> Reasons { get; init; }

    /// <summary>By source, path and reason, of the captures that stand. A push has no path.</summary>
    public required IReadOnlyList<RejectionCount> Counts { get; init; }

    /// <summary>Lines whose capture has expired: they are in <see cref="Reasons"/> and in no count.</summary>
    public required long Expired { get; init; }

    /// <summary>Shards whose captures contradict one another, or cannot be read, from a number on: of them only what comes before is among <see cref="Reasons"/>.</summary>
    public IReadOnlyList<string> Forks { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, RejectionsJson.Default.RejectionsReport);
}

public sealed record RejectionCount(string Source, string? Path, string Reason, long Lines);

/// <summary>Adjacent rejected lines: the file's name as it was read (a push has none), the physical line of the first (from 1; in a push, of its body), how many, and the capture that counts them.</summary>
public sealed record RejectionRun(string Source, string? Path, long FirstLine, long Count, string Reason, string Shard, long Capture)
{
    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunJson.Default.RejectionRun);
}

/// <summary>Reads rejections from the captures' headers and runs.</summary>
public sealed class RejectionReader(Captures captures)
{
    /// <summary>Counts. Where neither filter is given the totals that snapshots keep of expired captures are among <see cref="RejectionsReport.Reasons"/>.</summary>
    public async Task<RejectionsReport> CountAsync(string? source = null, string? reason = null, CancellationToken cancel = default)
    {
        var counts = new SortedDictionary<(string, string, string), long>();
        var forks = new List<string>();
        await foreach (var header in Headers.AllAsync(captures, forks.Add, cancel))
        {
            foreach (var read in header.Reads.Where(read => source is null || read.Source == source))
            {
                foreach (var (why, lines) in read.Rejected ?? [])
                {
                    if (reason is null || why == reason)
                    {
                        var key = (read.Source, read.Path ?? "", why);
                        counts[key] = counts.GetValueOrDefault(key) + lines;
                    }
                }
            }
        }
        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            foreach (var (_, totals) in (await FoldAsync(shard, forks, cancel)).Sources.Where(s => source is null || s.Key == source))
            {
                foreach (var (why, lines) in totals.Rejected.Where(r => reason is null || r.Key == reason))
                {
                    reasons[why] = reasons.GetValueOrDefault(why) + lines;
                }
            }
        }
        return new RejectionsReport
        {
            Reasons = reasons, Forks = [.. forks.Distinct()], Expired = Math.Max(0, reasons.Values.Sum() - counts.Values.Sum()),
            Counts = [.. counts.Select(c => new RejectionCount(c.Key.Item1, c.Key.Item2.Length == 0 ? null : c.Key.Item2, c.Key.Item3, c.Value))],
        };
    }

    /// <summary>The shard's state as far as it holds: a fork ends it and is told.</summary>
    private async Task<ShardState> FoldAsync(string shard, List<string> forks, CancellationToken cancel)
    {
        var state = captures.Empty(shard);
        try
        {
            state = await captures.SnapshotAsync(shard, cancel);
            while (await captures.ReadAsync(shard, state.Next, cancel) is { } capture)
            {
                if (state.Apply(capture.Header, capture.Link) is { } fork)
                {
                    forks.Add(fork.ToException().Message);
                    break;
                }
            }
        }
        catch (PipelineException e) when (e.Code == ExitCode.Difference)
        {
            forks.Add(e.Message);
        }
        return state;
    }

    /// <summary>Where the rejected lines stood, capture by capture.</summary>
    /// <param name="broken">Hears of captures that cannot be read; the others are told all the same. Null: such a capture ends it.</param>
    public async IAsyncEnumerable<RejectionRun> RunsAsync(string? source = null, string? reason = null, Action<string>? broken = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var header in Headers.AllAsync(captures, broken, cancel))
        {
            if (!header.Reads.Any(read => (source is null || read.Source == source) && read.Rejected is { } r && (reason is null || r.ContainsKey(reason))))
            {
                continue;
            }
            foreach (var run in await Headers.RejectedAsync(captures, header, cancel))
            {
                if (run.Read < header.Reads.Count && header.Reads[run.Read] is var read && (source is null || read.Source == source) && (reason is null || run.Reason == reason))
                {
                    yield return new RejectionRun(read.Source, read.Path, run.FirstLine, run.Count, run.Reason, header.Shard, header.Number);
                }
            }
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(RejectionsReport))]
internal sealed partial class RejectionsJson : JsonSerializerContext;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RejectionRun))]
internal sealed partial class RunJson : JsonSerializerContext;
