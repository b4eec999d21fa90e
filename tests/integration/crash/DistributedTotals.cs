using System.Collections.Concurrent;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>What happened to the processes of a distributed installation. Safe to use from many threads.</summary>
internal sealed class DistributedTotals
{
    /// <summary>Lines of processes' logs that tell what the kills led to.</summary>
    private static readonly string[] Counted = ["assigned ", "revoked ", "seal ", "conflict ", "gap ", "set-aside ", "compact table=",
        "tail-given-up ", "truncated "];

    private readonly ConcurrentDictionary<string, int> _kills = [], _stops = [], _restarts = [], _said = [], _rounds = [], _killsIn = [];
    private int _fences, _refused;
    private long _delta;

    /// <summary>Rows, pushes, and what was lost or doubled.</summary>
    public CrashTotals Rows { get; } = new();

    public int Kills => _kills.Values.Sum();

    /// <summary>SIGKILL met it at work.</summary>
    public void Killed(string victim) => Count(_kills, victim);

    /// <summary>SIGSTOP; it wakes later.</summary>
    public void Paused(string victim) => Count(_stops, victim);

    /// <summary>SIGTERM, and started again.</summary>
    public void Restarted(string victim) => Count(_restarts, victim);

    public void Fenced() => Interlocked.Increment(ref _fences);

    public void Refused(bool byLock) => Interlocked.Add(ref _refused, byLock ? 1 : 0);

    /// <summary>Counts what a process told of its work.</summary>
    public void Said(string log)
    {
        foreach (var line in log.Split('\n'))
        {
            if (Array.Find(Counted, counted => line.Contains(" " + counted, StringComparison.Ordinal)
                || line.StartsWith(counted, StringComparison.Ordinal)) is { } found)
            {
                Count(_said, found.Replace("table=", "", StringComparison.Ordinal).Trim());
            }
        }
    }

    /// <summary>Rows that delta-rs counted, beside ours.</summary>
    public void Delta(long? rows) => Interlocked.Add(ref _delta, rows ?? 0);

    /// <summary>A round came to its end, and its comparison was clean.</summary>
    public void Round(string kind, int kills)
    {
        Count(_rounds, kind);
        _killsIn.AddOrUpdate(kind, kills, (_, n) => n + kills);
    }

    public override string ToString() =>
        $"{Kills} SIGKILLs at work ({Text(_kills)}) in {_rounds.Values.Sum()} rounds " +
            $"({string.Join("; ", _rounds.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key}: {r.Value} with {_killsIn[r.Key]} kills"))}), SIGSTOPs: {Text(_stops)}, restarts: {Text(_restarts)}, {_fences} fenced, {_refused} refused by a lock; told: {Text(_said)}; rows by delta-rs {_delta}; {Rows.Found()}";

    /// <summary>The end of what a process said.</summary>
    public static string Tail(string log) => string.Join('\n', log.TrimEnd()
        .Split('\n')[^Math.Min(25, log.TrimEnd().Split('\n').Length)..]);

    private static void Count(ConcurrentDictionary<string, int> counts, string victim) => counts.AddOrUpdate(victim, 1, (_, n) => n + 1);

    private static string Text(ConcurrentDictionary<string, int> counts) => counts.IsEmpty ? "none"
        : string.Join(", ", counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"));
}
