using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

/// <summary>What the operating system refuses, as a caller of the store hears it: whether trying again can help, and after what.</summary>
public sealed class DirectoryStoreErrorTests
{
    private const string Name = "captures/web/0";

    private readonly VolatileDisk _disk = new(1, new SimulatedTime());
    private readonly DirectoryStore _store;

    public DirectoryStoreErrorTests() => _store = DirectoryStore.Create("/store", _disk);

    public static TheoryData<int, string, StoreFault, string> Errors() => new(
        from operation in new[] { "create", "write", "sync file", "link", "make folder", "sync" }
        from error in new[]
        {
            (DiskException.ENOSPC, StoreFault.Full, "Make room"), (DiskException.EDQUOT, StoreFault.Full, "Make room"),
                (DiskException.EACCES, StoreFault.Refused, "permissions"),
            (1, StoreFault.Refused, "permissions"), (DiskException.EROFS, StoreFault.Refused, "mount"),
                (DiskException.EIO, StoreFault.Outage, "tried again"), (110, StoreFault.Outage, "tried again"),
        }
        select (error.Item1, operation, error.Item2, error.Item3));

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task A_put_that_the_disk_refuses_says_what_where_and_what_to_do_and_succeeds_when_it_can(int errno, string operation,
        StoreFault fault, string advice)
    {
        var bytes = new byte[] { 1, 2, 3 };
        FailAt(operation, errno);
        var error = await Assert.ThrowsAsync<StoreException>(() => _store.PutIfAbsentAsync(Name, bytes));
        Assert.Equal(fault, error.Fault);
        Assert.All(["put", Name, "/store", $"errno {errno}", advice], part =>
            Assert.Contains(part, error.Message, StringComparison.Ordinal));

        // Whether it is there is unknown to the caller, who puts the same bytes again; half of it never is.
        _disk.Before = null;
        Assert.NotEqual(PutOutcome.Other, await _store.PutIfAbsentAsync(Name, bytes));
        Assert.Equal(bytes, await _store.ReadAsync(Name));
        Assert.Equal([Name], await NamesAsync());
    }

    [Theory]
    [InlineData(DiskException.EACCES, StoreFault.Refused)]
    [InlineData(DiskException.EIO, StoreFault.Outage)]
    public async Task A_read_or_a_list_that_the_disk_refuses_is_never_taken_for_absence(int errno, StoreFault fault)
    {
        await _store.PutIfAbsentAsync(Name, new byte[] { 1 });
        FailAt("read", errno);
        Assert.Equal(fault, (await Assert.ThrowsAsync<StoreException>(() => _store.ReadAsync(Name))).Fault);
        FailAt("look at", errno);
        Assert.Equal(fault, (await Assert.ThrowsAsync<StoreException>(() => _store.FindAsync(Name))).Fault);
        FailAt("list", errno);
        Assert.Equal(fault, (await Assert.ThrowsAsync<StoreException>(NamesAsync)).Fault);
    }

    private void FailAt(string operation, int errno) => _disk.Before = doing =>
    {
        if (doing.StartsWith(operation + " /", StringComparison.Ordinal))
        {
            throw new DiskException(errno, operation, doing[(operation.Length + 1)..], "simulated");
        }
    };

    private async Task<List<string>> NamesAsync()
    {
        var names = new List<string>();
        await foreach (var found in _store.ListAsync(""))
        {
            names.Add(found.Name);
        }
        return names;
    }
}
