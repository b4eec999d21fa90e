using System.Runtime.CompilerServices;

namespace Pipeline.Core.Store.Directories;

/// <summary>Lists: in the ordinal order of whole names, which is not the order of folders; what is listed is durable, and folders without
/// objects are not there.</summary>
public sealed partial class DirectoryStore
{
    private const int StatsAtOnce = 256;

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        // Keys still to visit, the next on top: an object's name, or a folder's beginning, which ends with '/' (or is empty).
        var pending = new Stack<string>([ObjectName.CheckPrefix(prefix)[..(prefix.LastIndexOf('/') + 1)]]);
        var objects = new List<string>();
        while (pending.Count > 0)
        {
            if (IsFolder(pending.Peek()))
            {
                var folder = pending.Pop();
                foreach (var key in await RunAsync("list", folder, () => Keys(folder, prefix, after), waits: false, cancel))
                {
                    pending.Push(key);
                }
                continue;
            }
            objects.Clear();
            while (objects.Count < StatsAtOnce && pending.TryPeek(out var next) && !IsFolder(next))
            {
                objects.Add(pending.Pop());
            }
            foreach (var found in await RunAsync("list", prefix, () =>
                objects.ConvertAll(name => (Name: name, File: _disk.Stat(PathOf(name)))), waits: false, cancel))
            {
                // What was removed since its folder was read is no longer listed.
                if (found.File is { } file)
                {
                    yield return new ObjectInfo(found.Name, file.Length, file.Written);
                }
            }
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var keys = await RunAsync("list", ObjectName.CheckFolder(folder), () => Keys(folder, folder, null), waits: false, cancel);
        // "a" comes before "a-", though as beginnings of names "a-/" comes before "a/".
        foreach (var part in keys.Where(IsFolder).Select(key => key[folder.Length..^1]).Order(StringComparer.Ordinal))
        {
            // Folders outlive their objects on a disk; in a store there is no folder but in names.
            if (await RunAsync("list", folder, () => HoldsObject($"{folder}{part}/"), waits: false, cancel))
            {
                yield return part;
            }
        }
    }

    /// <summary>The keys in a folder that the list still wants, durable, in falling order.</summary>
    private List<string> Keys(string folder, string prefix, string? after)
    {
        if (_disk.Entries(_folders.PathOf(folder)) is not { } entries)
        {
            _folders.CheckRoot();
            return [];
        }
        var keys = new List<string>();
        foreach (var entry in entries)
        {
            // What cannot be an object's name was put there by somebody else, or is the store's own.
            if (ObjectName.IsPart(entry.Name) && (folder.Length > 0 || entry.Name[0] != '.'))
            {
                var key = folder + entry.Name + (entry.IsFolder ? "/" : "");
                if (entry.IsFolder ? Meets(key, prefix, after) : key.StartsWith(prefix, StringComparison.Ordinal)
                    && (after is null || string.CompareOrdinal(key, after) > 0))
                {
                    keys.Add(key);
                }
            }
        }
        if (keys.Exists(k => !IsFolder(k)))
        {
            _folders.RelyOn(folder);
            _disk.SyncFolder(_folders.PathOf(folder));
        }
        // With its '/' a folder stands among its neighbours where its objects' whole names stand: after "a.b", before "a0".
        keys.Sort(static (a, b) => string.CompareOrdinal(b, a));
        return keys;
    }

    /// <summary>Whether names that begin with <paramref name="folder"/> can be in the list: all of them share their order against `after`
    /// unless it lies within.</summary>
    private static bool Meets(string folder, string prefix, string? after) =>
        (folder.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(folder, StringComparison.Ordinal))
        && (after is null || after.StartsWith(folder, StringComparison.Ordinal) || string.CompareOrdinal(folder, after) > 0);

    private bool HoldsObject(string folder)
    {
        var keys = Keys(folder, folder, null);
        return keys.Exists(k => !IsFolder(k)) || keys.Exists(HoldsObject);
    }

    private static bool IsFolder(string key) => key.Length == 0 || key[^1] == '/';
}
