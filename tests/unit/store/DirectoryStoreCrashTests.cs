using System.Text;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

/// <summary>A directory on a disk that forgets what was not synced, stopped at every operation in turn.</summary>
public sealed class DirectoryStoreCrashTests
{
    private const string Root = "/data/us";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static byte[] Content(string text) => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, 20)));

    [Fact]
    public async Task A_put_syncs_the_file_before_it_links_and_the_folders_before_it_answers()
    {
        var disk = new VolatileDisk(1, new SimulatedTime());
        using var store = DirectoryStore.Create(Root, disk);
        await store.PutIfAbsentAsync("first", default, Cancel);
        disk.Log.Clear();
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("a/b/c", Content("x"), Cancel));
        Assert.Equal(
            ["create", "write", "write", "sync file", "make folder a", "sync .", "make folder a/b", "sync a", "link a/b/c", "touch",
                "unlink", "sync a/b"],
            Steps(disk).Where(s => !s.StartsWith("look", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_name_of_another_is_synced_before_it_is_relied_on_and_only_once()
    {
        var disk = new VolatileDisk(1, new SimulatedTime());
        using var writer = DirectoryStore.Create(Root, disk);
        await writer.PutIfAbsentAsync("a/b", Content("x"), Cancel);
        using var reader = new DirectoryStore(Root, disk);
        disk.Log.Clear();
        await reader.ReadAsync("a/b", Cancel);
        Assert.Equal(["read a/b", "sync .", "sync a"], Steps(disk));
        disk.Log.Clear();
        await reader.ReadAsync("a/b", Cancel);
        Assert.Equal(["read a/b"], Steps(disk));
    }

    [Fact]
    public async Task A_list_skips_what_lies_before_its_start_without_reading_it()
    {
        var disk = new VolatileDisk(1, new SimulatedTime());
        using var store = DirectoryStore.Create(Root, disk);
        foreach (var name in new[] { "captures/s/0/1", "captures/s/1/2", "captures/s/2/3", "captures/t/0/1" })
        {
            await store.PutIfAbsentAsync(name, default, Cancel);
        }
        disk.Log.Clear();
        Assert.Equal(["captures/s/2/3"], await store.ListAsync("captures/s/", "captures/s/1/2", Cancel).Select(o => o.Name)
            .ToListAsync(Cancel));
        Assert.Equal(["list captures/s", "list captures/s/1", "list captures/s/2"],
            Steps(disk).Where(s => s.StartsWith("list", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task What_was_acknowledged_survives_a_crash_at_every_operation(int seed)
    {
        for (var at = 0L; ; at++)
        {
            var time = new SimulatedTime();
            var disk = new VolatileDisk((seed * 10_000) + (int)at, time);
            var known = new Dictionary<string, byte[]>();
            var tried = new Dictionary<string, List<byte[]>>();
            disk.StopAt(at);
            var finished = await LiveAsync(disk, "A", known, tried);
            disk.Crash();
            await CheckAsync(disk, known, tried, $"seed {seed}, crash at {at}");
            // A life after it works on what the crash left, and what it read is still there after the next.
            Assert.True(await LiveAsync(disk, "B", known, tried));
            disk.Crash();
            await CheckAsync(disk, known, tried, $"seed {seed}, second crash after {at}");
            if (finished)
            {
                Assert.True(at > 100);
                return;
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_another_process_relied_on_survives_the_crash_after_its_writer_was_killed(int seed)
    {
        var ways = new Func<DirectoryStore, Task<byte[]?>>[]
        {
            async s => await s.ReadAsync("captures/s/0", Cancel),
            async s => await s.ReadRangeAsync("captures/s/0", 0, int.MaxValue, Cancel),
            async s => await s.FindAsync("captures/s/0", Cancel) is null ? null : Content("A"),
            async s => await s.ListAsync("captures/", null, Cancel).AnyAsync(Cancel) ? Content("A") : null,
            async s => await s.ListFoldersAsync("captures/", Cancel).AnyAsync(Cancel) ? Content("A") : null,
            async s => await s.PutIfAbsentAsync("captures/s/0", Content("A"), Cancel) == PutOutcome.Other ? null : Content("A"),
            async s => await s.PutIfAbsentAsync("captures/s/0", Content("B"), Cancel) == PutOutcome.Other ? Content("A") : Content("B"),
        };
        foreach (var relies in ways)
        {
            var seen = 0;
            for (var at = 0L; ; at++)
            {
                var disk = new VolatileDisk((seed * 10_000) + (int)at, new SimulatedTime());
                using (DirectoryStore.Create(Root, disk))
                {
                    disk.StopAt(at);
                }
                var finished = false;
                try
                {
                    await new DirectoryStore(Root, disk).PutIfAbsentAsync("captures/s/0", Content("A"), Cancel);
                    finished = true;
                }
                catch (DiskStoppedException)
                {
                }
                disk.Restart();
                var relied = await relies(new DirectoryStore(Root, disk));
                disk.Crash();
                if (relied is not null)
                {
                    seen++;
                    Assert.Equal(relied, await new DirectoryStore(Root, disk).ReadAsync("captures/s/0", Cancel));
                }
                if (finished)
                {
                    break;
                }
            }
            Assert.True(seen >= 3, "the killed writer's object was never seen");
        }
    }

    [Fact]
    public async Task An_object_is_as_old_as_its_name_not_as_its_bytes()
    {
        // A process that slept for days between write and link must not date its capture back (rule 7).
        var time = new SimulatedTime();
        var disk = new VolatileDisk(1, time);
        using var store = DirectoryStore.Create(Root, disk);
        disk.Before = step =>
        {
            if (step.StartsWith("link", StringComparison.Ordinal))
            {
                time.Advance(TimeSpan.FromDays(3));
            }
        };
        await store.PutIfAbsentAsync("o", default, Cancel);
        Assert.Equal(time.GetUtcNow(), (await store.FindAsync("o", Cancel))?.Created);
    }

    /// <summary>One process's life: false where it was stopped. What it was told stands in `known`; every content it tried, in
    /// `tried`.</summary>
    private static async Task<bool> LiveAsync(VolatileDisk disk, string who, Dictionary<string, byte[]> known, Dictionary<string,
        List<byte[]>> tried)
    {
        try
        {
            using var store = DirectoryStore.Create(Root, disk);
            foreach (var name in new[] { "store.json", "captures/s/0/0", "captures/s/0/1", "captures/t/0/0", "captures/s/0/1" })
            {
                await PutAsync(store, name, Content(who + name), known, tried);
            }
            Tried(tried, "_last_checkpoint").Add(Content(who));
            known.Remove("_last_checkpoint");
            await store.OverwriteAsync("_last_checkpoint", Content(who), Cancel);
            known["_last_checkpoint"] = Content(who);
            await PutAsync(store, "captures/s/0/0", Content("other" + who), known, tried);
            known.Remove("captures/t/0/0");
            await store.DeleteAsync("captures/t/0/0", Cancel);
            Assert.Null(await store.FindAsync("captures/t/0/0", Cancel));
            await foreach (var listed in store.ListAsync("", null, Cancel))
            {
                known[listed.Name] = (await store.ReadAsync(listed.Name, Cancel))!;
            }
            return true;
        }
        catch (DiskStoppedException)
        {
            return false;
        }
    }

    private static async Task PutAsync(DirectoryStore store, string name, byte[] bytes, Dictionary<string, byte[]> known, Dictionary<string,
        List<byte[]>> tried)
    {
        Tried(tried, name).Add(bytes);
        if (await store.PutIfAbsentAsync(name, bytes, Cancel) == PutOutcome.Other)
        {
            bytes = (await store.ReadAsync(name, Cancel))!;
        }
        if (known.TryGetValue(name, out var before))
        {
            Assert.Equal(before, bytes);
        }
        known[name] = bytes;
    }

    private static async Task CheckAsync(VolatileDisk disk, Dictionary<string, byte[]> known, Dictionary<string, List<byte[]>> tried,
        string when)
    {
        using var store = DirectoryStore.Create(Root, disk);
        foreach (var (name, attempts) in tried)
        {
            var there = await store.ReadAsync(name, Cancel);
            Assert.True(there is null || attempts.Exists(a => a.AsSpan().SequenceEqual(there)), $"{when}: '{name}' is torn");
            Assert.True(!known.TryGetValue(name, out var acknowledged)
                || acknowledged.AsSpan().SequenceEqual(there), $"{when}: '{name}' was acknowledged and is gone");
        }
    }

    private static List<byte[]> Tried(Dictionary<string, List<byte[]>> tried, string name) => tried.TryGetValue(name, out var list) ? list
        : tried[name] = [];

    private static IEnumerable<string> Steps(VolatileDisk disk) => disk.Log.Select(line =>
        line.Contains("/.tmp", StringComparison.Ordinal) ? line[..line.IndexOf(" /", StringComparison.Ordinal)]
            : line.Replace(Root + "/", "", StringComparison.Ordinal).Replace(Root, ".", StringComparison.Ordinal));
}
