namespace Pipeline.Core.Store.Directories;

/// <summary>The protocol's "put-if-absent": 1 write and sync a temporary, 2 link it to the name, 3 sync the folder, 4 unlink the
/// temporary.</summary>
public sealed partial class DirectoryStore
{
    private PutOutcome Put(string name, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            // A taken name, as in a lost race for a commit's slot, costs no write.
            if (Compare(name, bytes) is { } known)
            {
                return known;
            }
            if (WithTemporary(bytes, temporary => LinkAndTouch(temporary, name), FolderOf(name)))
            {
                SyncFolderOf(name);
                if (_disk.Stat(PathOf(name)) is { } mine)
                {
                    _names.Add(name, mine.Inode);
                }
                return PutOutcome.Created;
            }
            if (_disk.FolderExists(PathOf(name)))
            {
                throw new DiskException(DiskException.EISDIR, "link", PathOf(name), "other objects' names go on below this one");
            }
        }
    }

    /// <summary>
    /// The time of writing becomes that of the link: a process that slept between the two must not date its object back,
    /// or an expired number would pass for a fresh one (rule 7).
    /// </summary>
    private bool LinkAndTouch(string temporary, string name)
    {
        if (!_disk.Link(temporary, PathOf(name)))
        {
            return false;
        }
        _disk.Touch(temporary);
        return true;
    }

    /// <summary>Same or Other where the name is taken, and then durable; null where it is free.</summary>
    private PutOutcome? Compare(string name, ReadOnlySpan<byte> bytes)
    {
        if (_disk.Stat(PathOf(name)) is not { } file)
        {
            return null;
        }
        if (file.Length == bytes.Length)
        {
            if (_disk.Read(PathOf(name), 0, long.MaxValue) is not { } there)
            {
                return null;
            }
            RelyOn(name, there.File);
            return there.Bytes.AsSpan().SequenceEqual(bytes) ? PutOutcome.Same : PutOutcome.Other;
        }
        RelyOn(name, file);
        return PutOutcome.Other;
    }

    private bool WithTemporary(ReadOnlySpan<byte> bytes, Func<string, bool> publish, string folder)
    {
        for (var again = false; ; again = true)
        {
            _folders.CheckRoot();
            var temporary = _temporaries.NewPath();
            try
            {
                _disk.WriteNew(temporary, bytes);
                _folders.Make(folder);
                return publish(temporary);
            }
            catch (DiskException e) when (e.Errno == DiskException.ENOENT && !again)
            {
                // A folder that we knew was removed behind our back: make it again, once.
                _folders.Forget();
                _temporaries.Forget();
            }
            finally
            {
                Unlink(temporary);
            }
        }
    }

    private void Unlink(string temporary)
    {
        try
        {
            _disk.Unlink(temporary);
        }
        catch (DiskException)
        {
            // The outcome of the put stands; the file goes with its folder when we close, or when the next holder finds us dead.
        }
    }
}
