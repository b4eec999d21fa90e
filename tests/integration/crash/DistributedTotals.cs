using System.Collections.Concurrent;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>What happened to the processes of a distributed installation. Safe to use from many threads.</summary>
internal sealed class DistributedTotals
{
    private readonly ConcurrentDictionary<string, int> _kills = [], _stops = [], _restarts = [];
    private int _fences, _refused, _compactions, _rounds;
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
    public void Said(string victim, string log)
    {
        if (victim == "compact")
        {
            Interlocked.Add(ref _compactions, log.Split("compact table=").Length - 1);
        }
    }

    public void Round(long? delta)
    {
        Interlocked.Increment(ref _rounds);
        Interlocked.Add(ref _delta, delta ?? 0);
    }

    public override string ToString() =>
        $"{Kills} SIGKILLs at work ({Text(_kills)}) in {_rounds} rounds, SIGSTOPs: {Text(_stops)}, restarts: {Text(_restarts)}, {_fences} fenced, {_refused} refused by a lock, {_compactions} compactions committed; rows by delta-rs {_delta}; {Rows.Found()}";

    /// <summary>The end of what a process said.</summary>
    public static string Tail(string log) => string.Join('\n', log.TrimEnd().Split('\n')[^Math.Min(25, log.TrimEnd().Split('\n').Length)..]);

    private static void Count(ConcurrentDictionary<string, int> counts, string victim) => counts.AddOrUpdate(victim, 1, (_, n) => n + 1);

    private static string Text(ConcurrentDictionary<string, int> counts) => counts.IsEmpty ? "none" : string.Join(", ", counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"));
}
