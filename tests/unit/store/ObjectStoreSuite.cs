using System.Text;
using CsCheck;
using Pipeline.Core.Store;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

/// <summary>What every store must do. One subclass per implementation of the seam.</summary>
public abstract class ObjectStoreSuite
{
    /// <summary>Runs the body on a fresh store to its end.</summary>
    protected abstract void Run(Func<IObjectStore, Task> body);

    /// <summary>How many random cases a property takes: fewer where every put waits for a disk.</summary>
    protected virtual int Cases => 300;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void A_put_says_whether_the_name_was_free_held_our_bytes_or_others() => Run(async store =>
    {
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("a/b/c", Bytes("one"), Cancel));
        Assert.Equal(PutOutcome.Same, await store.PutIfAbsentAsync("a/b/c", Bytes("one"), Cancel));
        Assert.Equal(PutOutcome.Other, await store.PutIfAbsentAsync("a/b/c", Bytes("two"), Cancel));
        Assert.Equal(PutOutcome.Other, await store.PutIfAbsentAsync("a/b/c", Bytes("on"), Cancel));
        Assert.Equal(Bytes("one"), await store.ReadAsync("a/b/c", Cancel));
    });

    [Fact]
    public void An_empty_object_is_there() => Run(async store =>
    {
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("empty", default, Cancel));
        Assert.Equal(PutOutcome.Same, await store.PutIfAbsentAsync("empty", default, Cancel));
        Assert.Empty((await store.ReadAsync("empty", Cancel))!);
        Assert.Empty((await store.ReadRangeAsync("empty", 0, 10, Cancel))!);
        Assert.Equal(0, (await store.FindAsync("empty", Cancel))?.Length);
    });

    [Fact]
    public void A_name_holds_the_bytes_of_one_writer() => Run(async store =>
    {
        for (var round = 0; round < 10; round++)
        {
            var name = $"race/{round}";
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                store.PutIfAbsentAsync(name, Bytes($"writer {i}"), Cancel)));
            var winner = Array.IndexOf(outcomes, PutOutcome.Created);
            Assert.Single(outcomes, PutOutcome.Created);
            Assert.Equal(7, outcomes.Count(o => o == PutOutcome.Other));
            Assert.Equal(Bytes($"writer {winner}"), await store.ReadAsync(name, Cancel));
        }
    });

    [Fact]
    public void A_free_name_reads_as_null_also_where_it_is_a_folder() => Run(async store =>
    {
        await store.PutIfAbsentAsync("folder/object", Bytes("x"), Cancel);
        foreach (var name in new[] { "folder", "folder/other", "nothing/at/all" })
        {
            Assert.Null(await store.ReadAsync(name, Cancel));
            Assert.Null(await store.ReadRangeAsync(name, 0, 1, Cancel));
            Assert.Null(await store.FindAsync(name, Cancel));
        }
    });

    [Fact]
    public void A_range_is_shorter_only_at_the_end() => Run(async store =>
    {
        await store.PutIfAbsentAsync("o", Bytes("0123456789"), Cancel);
        Assert.Equal(Bytes("234"), await store.ReadRangeAsync("o", 2, 3, Cancel));
        Assert.Equal(Bytes("89"), await store.ReadRangeAsync("o", 8, 3, Cancel));
        Assert.Empty((await store.ReadRangeAsync("o", 10, 3, Cancel))!);
        Assert.Empty((await store.ReadRangeAsync("o", 1_000_000_000_000, 3, Cancel))!);
        Assert.Empty((await store.ReadRangeAsync("o", 0, 0, Cancel))!);
    });

    [Fact]
    public void What_is_found_has_its_length_and_an_instant_that_does_not_change() => Run(async store =>
    {
        await store.PutIfAbsentAsync("o", new byte[1234], Cancel);
        var found = await store.FindAsync("o", Cancel);
        Assert.Equal(1234, found?.Length);
        Assert.Equal("o", found?.Name);
        await store.PutIfAbsentAsync("o", Bytes("other"), Cancel);
        await store.PutIfAbsentAsync("o", new byte[1234], Cancel);
        Assert.Equal(found, await store.FindAsync("o", Cancel));
        await foreach (var listed in store.ListAsync("", null, Cancel))
        {
            Assert.Equal(found, listed);
        }
    });

    [Fact]
    public void An_overwrite_replaces_and_a_delete_frees_the_name() => Run(async store =>
    {
        await store.OverwriteAsync("t/_last_checkpoint", Bytes("one"), Cancel);
        await store.OverwriteAsync("t/_last_checkpoint", Bytes("three"), Cancel);
        Assert.Equal(Bytes("three"), await store.ReadAsync("t/_last_checkpoint", Cancel));
        await store.DeleteAsync("t/_last_checkpoint", Cancel);
        await store.DeleteAsync("t/_last_checkpoint", Cancel);
        await store.DeleteAsync("never/was", Cancel);
        Assert.Null(await store.ReadAsync("t/_last_checkpoint", Cancel));
        Assert.Empty(await store.ListFoldersAsync("", Cancel).ToListAsync(Cancel));
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("t/_last_checkpoint", Bytes("four"), Cancel));
    });

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("..")]
    [InlineData("a/.")]
    [InlineData(".tmp/a")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("ä")]
    [InlineData("a\0")]
    public void A_name_that_could_leave_the_store_is_refused(string name) => Run(async store =>
    {
        await Assert.ThrowsAsync<ArgumentException>(() => store.PutIfAbsentAsync(name, default, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ReadAsync(name, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => store.OverwriteAsync(name, default, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => store.DeleteAsync(name, Cancel));
    });

    [Fact]
    public void A_part_of_200_bytes_is_a_name_and_one_of_201_is_not() => Run(async store =>
    {
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("date=2026-01-01/" + new string('x', 200), default, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => store.PutIfAbsentAsync(new string('x', 201), default, Cancel));
    });

    [Fact]
    public void Lists_are_in_the_order_of_whole_names() => Run(async store =>
    {
        string[] names = ["a-/x", "a.b", "a/0", "a/b", "a/b.c/x", "a/b0", "a0", "a=1/x"];
        foreach (var name in names.Reverse())
        {
            await store.PutIfAbsentAsync(name == "a/b" ? "a/b/z" : name, default, Cancel);
        }
        string[] expected = ["a-/x", "a.b", "a/0", "a/b.c/x", "a/b/z", "a/b0", "a0", "a=1/x"];
        Assert.Equal(expected, await store.ListAsync("", null, Cancel).Select(o => o.Name).ToListAsync(Cancel));
        Assert.Equal(["a/b.c/x", "a/b/z", "a/b0"], await store.ListAsync("a/b", "a/b", Cancel).Select(o => o.Name).ToListAsync(Cancel));
        Assert.Equal(["a/b0", "a0", "a=1/x"], await store.ListAsync("a", "a/b/z", Cancel).Select(o => o.Name).ToListAsync(Cancel));
        Assert.Equal(["a", "a-", "a=1"], await store.ListFoldersAsync("", Cancel).ToListAsync(Cancel));
        Assert.Equal(["b", "b.c"], await store.ListFoldersAsync("a/", Cancel).ToListAsync(Cancel));
    });

    [Fact]
    public void Lists_are_those_of_the_reference()
    {
        // Folders and objects never share a part, which a directory cannot give and the protocol's names do not ask.
        var folder = Gen.OneOf("a", "a.b", "a-", "a=", "a0", "b");
        var last = Gen.OneOf("0", "x", "x.y", "z-", "-");
        var name = Gen.Select(folder.List[0, 3], last, (above, below) => string.Join('/', [.. above, below]));
        var probe = Gen.OneOf<string>(name, name.Select(n => n[..(n.Length / 2)].TrimEnd('/')), Gen.Const(""), folder,
            folder.Select(f => f + "/"));
        Gen.Select(name.List[0, 12], name.List[0, 4], probe.List[1, 4], probe.List[1, 4])
            .Sample((puts, deletes, prefixes, afters) => Run(async store =>
        {
            var reference = new MemoryStore();
            foreach (var one in new[] { store, reference })
            {
                foreach (var put in puts)
                {
                    await one.PutIfAbsentAsync(put, Bytes(put), Cancel);
                }
                foreach (var delete in deletes)
                {
                    await one.DeleteAsync(delete, Cancel);
                }
            }
            foreach (var prefix in prefixes)
            {
                foreach (var after in afters.Select(a => a.Length == 0 ? null : a))
                {
                    var expected = puts.Except(deletes).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)
                        && (after is null || string.CompareOrdinal(n, after) > 0)).Order(StringComparer.Ordinal).ToList();
                    Assert.Equal(expected, await reference.ListAsync(prefix, after, Cancel).Select(o => o.Name).ToListAsync(Cancel));
                    Assert.Equal(expected, await store.ListAsync(prefix, after, Cancel).Select(o => o.Name).ToListAsync(Cancel));
                }
                var folders = prefix[..(prefix.LastIndexOf('/') + 1)];
                Assert.Equal(await reference.ListFoldersAsync(folders, Cancel).ToListAsync(Cancel),
                    await store.ListFoldersAsync(folders, Cancel).ToListAsync(Cancel));
            }
        }), iter: Cases, threads: 1);
    }
}
