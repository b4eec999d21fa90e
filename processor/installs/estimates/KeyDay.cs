namespace Pipeline.Processor.Installs.Estimates;

/// <summary>The checks that count of one key on one UTC day.</summary>
/// <param name="Key">The rank of the key among all keys.</param>
/// <param name="Least">The oldest version of the day, next to the newest and the last.</param>
/// <param name="Falls">An older version came after a newer one.</param>
/// <param name="Crossed">Two checks were exactly a day apart and another came between them: see <see cref="Crossings"/>.</param>
internal readonly record struct KeyDay(int Key, int Day, int Checks, int Least, int Newest, int Last, bool Falls, bool Crossed);

/// <summary>What cleaning left, by key and day, and what it took away.</summary>
/// <param name="Days">Sorted by key, then day.</param>
/// <param name="Order">Checks that count in the order of their times: time, rank of the key, version.</param>
/// <param name="Pollers">Keys that are scripts.</param>
/// <param name="Retries">Checks that were the second of a pair or a retry.</param>
/// <param name="PollerChecks">Checks of pollers, their retries not among them.</param>
internal sealed record CleanChecks(
    KeyDay[] Days, (long Micros, int Key, int Version)[] Order, IReadOnlySet<UInt128> Pollers, long Retries, long PollerChecks);
