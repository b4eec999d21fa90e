namespace Pipeline.Core.Store.Directories;

/// <summary>
/// Which names this process knows to be on stable storage, so that each costs one sync of its folder. It forgets, the older half first:
/// what is forgotten is only synced again. A name is remembered with its inode: one that was removed and put anew is new.
/// </summary>
internal sealed class DurableNames(int capacity = 16_384)
{
    private readonly Lock _lock = new();
    private Dictionary<string, ulong> _newer = new(StringComparer.Ordinal);
    private Dictionary<string, ulong> _older = new(StringComparer.Ordinal);

    public bool Knows(string name, ulong inode)
    {
        lock (_lock)
        {
            return (_newer.TryGetValue(name, out var known) || _older.TryGetValue(name, out known)) && known == inode;
        }
    }

    public void Add(string name, ulong inode)
    {
        lock (_lock)
        {
            if (_newer.Count >= capacity / 2)
            {
                (_older, _newer) = (_newer, _older);
                _newer.Clear();
            }
            _newer[name] = inode;
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _newer.Clear();
            _older.Clear();
        }
    }
}
