using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Cli.Roles;
using Xunit;

namespace Pipeline.Tests.Unit.Idle;

public sealed class IdleMemoryTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly IdleMemory _idle;
    private long _allocated;
    private int _given;

    public IdleMemoryTests() => _idle = new IdleMemory(_time, () => _allocated, () => _given++);

    public void Dispose() => _idle.Dispose();

    [Fact]
    public void Memory_is_given_back_after_the_first_quiet_period_and_again_as_buffers_age_and_then_no_more()
    {
        Pass(allocated: 500_000_000);
        Assert.Equal(0, _given);
        Pass(allocated: 1_000);
        Assert.Equal(1, _given);
        Pass(allocated: 1_000, periods: IdleMemory.Between - 1);
        Assert.Equal(1, _given);
        Pass(allocated: 1_000);
        Assert.Equal(2, _given);
        Pass(allocated: 1_000, periods: 1_000);
        Assert.Equal(IdleMemory.Times, _given);
    }

    [Fact]
    public void A_process_that_works_is_left_alone()
    {
        Pass(allocated: 5_000_000, periods: 1_000);
        Assert.Equal(0, _given);
    }

    [Fact]
    public void A_little_work_is_not_worth_another_collection_and_much_is()
    {
        Pass(allocated: 1_000, periods: 100);
        Pass(allocated: 5_000_000);
        Pass(allocated: 1_000, periods: 100);
        Assert.Equal(IdleMemory.Times, _given);
        Pass(allocated: 20_000_000);
        Pass(allocated: 1_000);
        Assert.Equal(IdleMemory.Times + 1, _given);
    }

    [Fact]
    public void A_process_whose_mapped_pages_were_offered_has_fewer_of_them_resident()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux takes such an offer");
        var before = Mapped();
        MappedPages.Offer();
        Assert.InRange(Mapped(), 1, before - 1);
    }

    private void Pass(long allocated, int periods = 1)
    {
        for (; periods > 0; periods--)
        {
            _allocated += allocated;
            _time.Advance(IdleMemory.Period);
        }
    }

    /// <summary>Kilobytes of files that are mapped and resident.</summary>
    private static long Mapped() => long.Parse(File.ReadLines("/proc/self/status")
        .First(l => l.StartsWith("RssFile:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture);
}
