namespace Pipeline.Core.Captures;

/// <summary>Whether a capture continues a state (rule 4). Pure.</summary>
internal static class Continuation
{
    /// <summary>Null: it does. Otherwise the reason why it is a fork.</summary>
    public static string? WhyNot(ShardState state, CaptureHeader header, Link link)
    {
        if (header.Shard != state.Shard || header.Number != link.Number || header.Number != state.Next)
        {
            return $"it says shard {header.Shard} number {header.Number}, expected {state.Shard} number {state.Next}";
        }
        if (header.Store != state.Store)
        {
            return $"it is of capture store {header.Store}, this is {state.Store}";
        }
        if (header.Previous != state.Head?.Hash)
        {
            return $"it continues {header.Previous?.ToString() ?? "nothing"}, "
                + $"the capture before it is {state.Head?.Hash.ToString() ?? "none"}";
        }
        if (!header.Links.SequenceEqual(state.Links))
        {
            return "its links are not the shard's last captures of each dataset";
        }
        // Reads of one file or stream within a capture continue one another too.
        Dictionary<string, long>? seen = null;
        foreach (var read in header.Reads)
        {
            if (read.Withdraws is { } withdrawal && RefuseWithdrawal(state, read, withdrawal, header.Number) is { } fault)
            {
                return fault;
            }
            if (read.Redrive is not null && RefuseRedrive(state, read, header.Number) is { } wrong)
            {
                return wrong;
            }
            if (read.Retires is { } retired
                && (read.Stream is null || retired == read.Stream || !state.Streams.ContainsKey(ShardState.FileKey(read.Source, retired))))
            {
                return $"a read of source {read.Source} retires a stream that is not another one of its source";
            }
            if ((read.File ?? read.Stream) is not { } id)
            {
                continue;
            }
            var key = ShardState.FileKey(read.Source, id);
            seen ??= [];
            var at = seen.TryGetValue(key, out var within) ? within : Position(state, read, key, seen);
            if (read.Recalls is not null && (at < 0 || seen.ContainsKey(key)))
            {
                return $"a read of source {read.Source} recalls from page {read.Recalls} what is not cold";
            }
            if (read.From != at || read.To < read.From || (read.Stream is not null && read.To != read.From + 1))
            {
                return $"a read of source {read.Source} goes from {read.From} to {read.To}, expected from {at}";
            }
            seen[key] = read.To;
        }
        return null;
    }

    /// <summary>Where the first read of this capture of a file or stream begins. What is cold says so itself: see
    /// <see cref="ReadEntry.Recalls"/>. Below 0: it recalls what is not cold.</summary>
    private static long Position(ShardState state, ReadEntry read, string key, Dictionary<string, long> seen)
    {
        long? hot = read.File is not null ? state.Files.GetValueOrDefault(key)?.Offset : state.Streams.GetValueOrDefault(key)?.Sequence;
        return read.Recalls is { } page ? hot is null && page >= 0 && page < state.Cold?.Pages
                && (read.File is not { } file || !state.IsForgotten(file, page)) ? read.From : -1
            : hot ?? (read.File is not null ? Begins(state, read, seen) : 0);
    }

    /// <summary>Where the first read of a file begins: at 0, or where it parts from a file that was read.</summary>
    private static long Begins(ShardState state, ReadEntry read, Dictionary<string, long> seen) =>
        read.Branch is { } branch && ShardState.FileKey(read.Source, branch.Of) is var of
            && (state.Files.ContainsKey(of) || seen.ContainsKey(of) || state.Cold?.Pages > 0) ? Math.Max(0, read.From) : 0;

    /// <summary>A redrive reads no new line, and takes from the rejections what it gives to the records: of a capture before it, and never
    /// more than there are.</summary>
    private static string? RefuseRedrive(ShardState state, ReadEntry read, long number)
    {
        var before = state.Sources.GetValueOrDefault(read.Source)?.Rejected;
        return read is { File: null, Stream: null, Lines: 0, Duplicates: 0 } && read.Redrive!.Capture < number
            && read is { Redriven: { } redriven, Rejected: { } rejected }
            && redriven.Count == rejected.Count && redriven.All(r => r.Value > 0 && rejected.GetValueOrDefault(r.Key) == -r.Value
                && before?.GetValueOrDefault(r.Key) >= r.Value)
            ? null : $"a redrive of source {read.Source} does not take from the rejections of capture {read.Redrive!.Capture} what it " +
                $"adds to the records";
    }

    /// <summary>Why this read cannot withdraw these captures: it must bring nothing, and what it takes must be there and not be withdrawn
    /// yet.</summary>
    private static string? RefuseWithdrawal(ShardState state, ReadEntry read, Withdrawal withdrawal, long number)
    {
        var wrong = read is not { File: null, Stream: null, Redrive: null, Lines: 0, Duplicates: 0, Rejected: null }
            ? "a read that brings lines" : withdrawal.Fault(number)
            ?? (state.Withdrawals?.Any(before => before.Captures.Any(had => withdrawal.Captures.Any(range =>
                had.From <= range.To && range.From <= had.To))) == true ? "a capture that is withdrawn already"
            : withdrawal.Records.FirstOrDefault(taken => !state.Datasets.TryGetValue(taken.Key, out var had)
                || taken.Value.Rows > had.Rows - state.WithdrawnOf(taken.Key).Rows).Key is { } dataset
                ? $"more records of {dataset} than there are" : null);
        return wrong is null ? null : $"a read of source {read.Source} withdraws {wrong}";
    }
}
