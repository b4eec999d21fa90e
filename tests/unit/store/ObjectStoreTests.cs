using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Store;

public sealed class MemoryStoreTests : ObjectStoreSuite
{
    protected override void Run(Func<IObjectStore, Task> body) => body(new MemoryStore()).GetAwaiter().GetResult();
}

public sealed class DirectoryStoreTests : ObjectStoreSuite
{
    protected override int Cases => 20;

    protected override void Run(Func<IObjectStore, Task> body)
    {
        using var directory = new TestDirectory();
        using var store = DirectoryStore.Create(directory.Path);
        body(store).GetAwaiter().GetResult();
    }
}

public sealed class DirectoryStoreOnVolatileDiskTests : ObjectStoreSuite
{
    protected override void Run(Func<IObjectStore, Task> body)
    {
        using var store = DirectoryStore.Create("/data/us", new VolatileDisk(1, new SimulatedTime()));
        body(store).GetAwaiter().GetResult();
    }
}

public sealed class SimulatedStoreTests : ObjectStoreSuite
{
    protected override void Run(Func<IObjectStore, Task> body)
    {
        var time = new SimulatedTime();
        var faults = new SimulatedFaults { Latency = TimeSpan.FromSeconds(1), PageSize = 2 };
        var store = new SimulatedStore(new MemoryStore(time), time, new Random(1), faults);
        new SimulatedThread(1, time).Run(() => body(store.For(new SimulatedActor("one"))));
    }
}
