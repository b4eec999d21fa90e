using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Pipeline.Core.Store.Directories;

/// <summary>
/// The files of puts under way, in a folder of their own per holder: `.tmp/[pid]-[random]/`, beside a lock `.tmp/[pid]-[random].lock`.
/// A folder whose lock is free belongs to a holder that died, and is removed; age decides nothing.
/// Made at the first put, so that who only reads writes nothing.
/// </summary>
internal sealed partial class Temporaries(Disk disk, string root) : IDisposable
{
    private const string LockSuffix = ".lock";

    private readonly Lock _opening = new();
    private readonly string _all = Path.Join(root, ".tmp");
    private IDisposable? _lock;
    private string? _own;
    private long _count;

    /// <summary>A path that no file has. The folder exists.</summary>
    public string NewPath()
    {
        lock (_opening)
        {
            _own ??= Open();
            return Path.Join(_own, (_count++).ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>For when the folder was removed behind our back: the next path is in a new one.</summary>
    public void Forget()
    {
        lock (_opening)
        {
            _lock?.Dispose();
            (_lock, _own) = (null, null);
        }
    }

    public void Dispose()
    {
        lock (_opening)
        {
            if (_own is not null && _lock is not null)
            {
                Remove(_own);
                _lock.Dispose();
            }
            (_lock, _own) = (null, null);
        }
    }

    private string Open()
    {
        if (disk.IsLink(_all))
        {
            throw new ConfigurationException(
                $"{_all}: found a symbolic link, expected a folder of the store's own, or nothing. What it leads to was not touched. " +
                "Remove the link.");
        }
        disk.MakeFolder(_all);
        foreach (var holder in (disk.Entries(_all) ?? []).Select(e => e.Name.EndsWith(LockSuffix, StringComparison.Ordinal)
            ? e.Name[..^LockSuffix.Length] : e.Name).Distinct().Where(name => Holder().IsMatch(name)).ToList())
        {
            var own = Path.Join(_all, holder);
            if (disk.IsLink(own) || disk.IsLink(own + LockSuffix) || disk.Stat(own) is not null)
            {
                // No holder makes a link, or a file of this name: somebody else's, and left alone.
                continue;
            }
            using var dead = disk.TryLock(own + LockSuffix);
            if (dead is not null)
            {
                Remove(own);
            }
        }
        while (true)
        {
            var own = Path.Join(_all, string.Create(CultureInfo.InvariantCulture,
                $"{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}"));
            _lock = disk.TryLock(own + LockSuffix);
            // Taken just now by one who sweeps: another name.
            if (_lock is not null)
            {
                disk.MakeFolder(own);
                return own;
            }
        }
    }

    /// <summary>Under the holder's lock. The lock's name goes last: as long as it is there, nobody else has it.</summary>
    private void Remove(string own)
    {
        foreach (var entry in disk.Entries(own) ?? [])
        {
            disk.Unlink(Path.Join(own, entry.Name));
        }
        disk.RemoveFolder(own);
        disk.Unlink(own + LockSuffix);
    }

    [GeneratedRegex(@"\A[0-9]+-[0-9a-f]{16}\z")]
    private static partial Regex Holder();
}
