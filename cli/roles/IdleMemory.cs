using System.Runtime.InteropServices;

namespace Pipeline.Cli.Roles;

/// <summary>
/// Gives memory back when the work has stopped. The collector runs when something is allocated, so that a process that read ten thousand
/// files and then waits would keep for ever what reading them took.
/// 1 each period, see whether much was allocated — 2 after the first quiet one, collect, compact, and give back what is free — 3 again and
/// again for a while: shared buffers are let go by age, a few at each collection.
/// A process that goes on working never comes here, and one that is woken by a line now and then allocates too little to come again.
/// </summary>
internal sealed partial class IdleMemory : IDisposable
{
    /// <summary>How often it is looked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    /// <summary>Bytes allocated in a period below which it was quiet, and bytes allocated since the last collection that are worth
    /// another.</summary>
    public const long Little = 1_000_000, Worth = 16_000_000;

    /// <summary>Quiet periods from one collection to the next, more than the minute for which shared buffers are kept; and how many there
    /// are.</summary>
    public const int Between = 5, Times = 6;

    private readonly ITimer _timer;
    private readonly Func<long> _allocated;
    private readonly Action _giveBack;
    private long _seen, _since = Worth;
    private int _quiet, _left;

    public IdleMemory(TimeProvider time) : this(time, () => GC.GetTotalAllocatedBytes(), GiveBack)
    {
    }

    /// <param name="allocated">Bytes that were ever allocated.</param>
    internal IdleMemory(TimeProvider time, Func<long> allocated, Action giveBack)
    {
        (_allocated, _giveBack) = (allocated, giveBack);
        _timer = time.CreateTimer(_ => Look(), null, Period, Period);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // 1
        var last = _allocated() - _seen;
        (_seen, _since) = (_seen + last, _since + last);
        _quiet = last < Little ? _quiet + 1 : 0;
        if (_quiet == 1 && _since >= Worth)
        {
            _left = Times;
        }
        // 2 and 3
        if (_left > 0 && _quiet % Between == 1)
        {
            _left--;
            _giveBack();
            // What that took itself is no work.
            (_seen, _since) = (_allocated(), 0);
        }
    }

    private static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        // What was allocated natively and is free again: only glibc keeps it, and knows of this.
        if (OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "malloc_trim", out _))
        {
            _ = MallocTrim(0);
        }
        MappedPages.Offer();
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint keep);
}
