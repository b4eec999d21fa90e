using Microsoft.Extensions.Time.Testing;
using Pipeline.Cli.Roles;
using Pipeline.Core.Store;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Roles;

public sealed class WatchedStoreTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _log = [];

    [Fact]
    public async Task An_outage_is_told_of_the_store_that_is_out_and_ends_when_that_store_answers_again()
    {
        using var us = new OutageWatch(_time, null, line => _log.Add("us " + line));
        using var uk = new OutageWatch(_time, null, line => _log.Add("uk " + line));
        var out1 = new FaultyStore(new MemoryStore(_time, "us"), operation => operation.Number < 2 ? Fault.FailBefore : Fault.None);
        var (first, second) = (new WatchedStore(out1, us), new WatchedStore(new MemoryStore(_time, "uk"), uk));
        var cancel = TestContext.Current.CancellationToken;

        await Assert.ThrowsAsync<StoreException>(() => first.FindAsync("a", cancel));
        await second.FindAsync("a", cancel);
        var list = first.ListAsync("a", null, cancel).GetAsyncEnumerator(cancel);
        await Assert.ThrowsAsync<StoreException>(async () => await list.MoveNextAsync());
        Assert.StartsWith("us outage fault=outage", Assert.Single(_log), StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(7));
        // Any answer ends it: no capture and no commit is needed.
        await first.FindAsync("a", cancel);
        Assert.Equal("us outage-over seconds=7", _log[^1]);
        Assert.Equal(2, _log.Count);
    }
}
