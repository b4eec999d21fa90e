using System.Globalization;
using System.Text;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

/// <summary>Two processes on one directory.</summary>
public sealed class DirectoryStoreRaceTests
{
    internal const int Names = 600;

    internal static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"race/{i / 8:D4}/{i:D20}");

    // Of one length, so that only the bytes tell the writers apart.
    internal static string ContentOf(int i, string who) => string.Concat(Enumerable.Repeat($"{who} {i} ", 50));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_processes_that_put_one_name_exactly_one_creates_it()
    {
        using var directory = new TestDirectory();
        using var made = DirectoryStore.Create(directory.Path);
        using var a = await ChildProcess.StartAsync("race", directory.Path, "A", Cancel);
        using var b = await ChildProcess.StartAsync("race", directory.Path, "B", Cancel);
        a.Go();
        b.Go();
        var outcomes = await Task.WhenAll(ReadAsync(a), ReadAsync(b));
        using var store = new DirectoryStore(directory.Path);
        for (var i = 0; i < Names; i++)
        {
            PutOutcome[] both = [outcomes[0][i], outcomes[1][i]];
            Assert.Equal([PutOutcome.Created, PutOutcome.Other], both.Order());
            var winner = both[0] == PutOutcome.Created ? "A" : "B";
            Assert.Equal(ContentOf(i, winner), Encoding.UTF8.GetString((await store.ReadAsync(NameOf(i), Cancel))!));
        }
        // Else they did not race, and the test says nothing.
        Assert.Contains(PutOutcome.Created, outcomes[0]);
        Assert.Contains(PutOutcome.Created, outcomes[1]);
    }

    [Fact]
    public async Task A_lock_refuses_the_newcomer_until_its_holder_is_killed()
    {
        using var directory = new TestDirectory();
        using var store = DirectoryStore.Create(directory.Path);
        using var holder = await ChildProcess.StartAsync("lock", directory.Path, "shards/web-1", Cancel);
        Assert.Null(store.TryLock("shards/web-1"));
        using (var other = store.TryLock("shards/web-2"))
        {
            Assert.NotNull(other);
        }
        holder.Kill();
        using (var mine = store.TryLock("shards/web-1"))
        {
            Assert.NotNull(mine);
            Assert.Null(store.TryLock("shards/web-1"));
        }
        using var again = store.TryLock("shards/web-1");
        Assert.NotNull(again);
        Assert.DoesNotContain(".locks", await store.ListAsync("", null, Cancel).Select(o => o.Name).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Temporaries_of_the_dead_are_removed_and_those_of_the_living_stay()
    {
        using var directory = new TestDirectory();
        using var made = DirectoryStore.Create(directory.Path);
        using var living = await ChildProcess.StartAsync("lock", directory.Path, "living", Cancel);
        using var dead = await ChildProcess.StartAsync("lock", directory.Path, "dead", Cancel);
        var folders = Directory.GetDirectories(Path.Join(directory.Path, ".tmp"));
        Assert.Equal(2, folders.Length);
        foreach (var folder in folders)
        {
            await File.WriteAllTextAsync(Path.Join(folder, "99"), "a put under way", Cancel);
        }
        dead.Kill();
        using (var store = new DirectoryStore(directory.Path))
        {
            await store.PutIfAbsentAsync("mine", default, Cancel);
            Assert.Equal(2, Directory.GetDirectories(Path.Join(directory.Path, ".tmp")).Length);
        }
        var left = Assert.Single(Directory.GetDirectories(Path.Join(directory.Path, ".tmp")));
        Assert.Single(Directory.GetFiles(left));
        living.Kill();
        using (var store = new DirectoryStore(directory.Path))
        {
            await store.PutIfAbsentAsync("mine-too", default, Cancel);
        }
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(directory.Path, ".tmp")));
    }

    private static async Task<PutOutcome[]> ReadAsync(ChildProcess child)
    {
        var outcomes = new PutOutcome[Names];
        for (var i = 0; i < Names; i++)
        {
            var line = (await child.Output.ReadLineAsync(Cancel))!.Split(' ');
            outcomes[int.Parse(line[0], CultureInfo.InvariantCulture)] = Enum.Parse<PutOutcome>(line[1]);
        }
        return outcomes;
    }
}
