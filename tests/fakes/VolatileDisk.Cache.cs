using Pipeline.Core.Store.Directories;

namespace Pipeline.Tests.Fakes;

/// <summary>What lies in the cache and what on the platter, file by file and folder by folder, and what a loss of power leaves of
/// it.</summary>
internal sealed partial class VolatileDisk
{
    private Folder Survivor(Folder folder, Dictionary<Node, Node> survivors)
    {
        var survivor = new Folder();
        survivors[folder] = survivor;
        var entries = folder.Synced.ToDictionary(StringComparer.Ordinal);
        foreach (var (name, node) in folder.Pending.Where(_ => _random.Next(2) == 0))
        {
            if (node is null)
            {
                entries.Remove(name);
            }
            else
            {
                entries[name] = node;
            }
        }
        foreach (var (name, node) in entries.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            if (!survivors.TryGetValue(node, out var survived))
            {
                survived = survivors[node] = node is Folder below ? Survivor(below, survivors) : Torn((File)node);
            }
            survivor.Set(name, survived);
        }
        survivor.Sync();
        return survivor;
    }

    private File Torn(File file)
    {
        var bytes = file.Bytes;
        if (!ReferenceEquals(file.Synced, bytes))
        {
            var torn = bytes[.._random.Next(bytes.Length + 1)];
            // Blocks that were given and not written read as zeros.
            if (torn.Length > 0 && _random.Next(2) == 0)
            {
                torn.AsSpan(_random.Next(torn.Length)).Clear();
            }
            bytes = torn;
        }
        return new File(++_inodes) { Bytes = bytes, Synced = bytes, Written = file.Written };
    }

    private abstract class Node;

    private sealed class File(ulong inode) : Node
    {
        public byte[] Bytes { get; set; } = [];

        public byte[]? Synced { get; set; }

        public DateTimeOffset Written { get; set; }

        public HeldLock? Lock { get; set; }

        public DiskFile Info => new(inode, Bytes.Length, Written);
    }

    private sealed class Folder : Node
    {
        public Dictionary<string, Node> Entries { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, Node> Synced { get; private set; } = new(StringComparer.Ordinal);

        public List<(string Name, Node? Node)> Pending { get; } = [];

        public void Set(string name, Node? node)
        {
            if (node is null)
            {
                Entries.Remove(name);
            }
            else
            {
                Entries[name] = node;
            }
            Pending.Add((name, node));
        }

        public void Sync()
        {
            Synced = Entries.ToDictionary(StringComparer.Ordinal);
            Pending.Clear();
        }
    }

    private sealed class HeldLock(long life) : IDisposable
    {
        public long Life => life;

        public bool Open { get; private set; } = true;

        public void Dispose() => Open = false;
    }
}
