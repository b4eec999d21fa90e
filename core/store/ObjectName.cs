using System.Buffers;

namespace Pipeline.Core.Store;

/// <summary>
/// What an object may be called: '/'-separated parts of [A-Za-z0-9._=-], none empty, "." or "..", each at most 200 bytes.
/// A first part that begins with '.' is the store's own (temporaries, locks) and no object's.
/// </summary>
public static class ObjectName
{
    public const int LongestPart = 200;

    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._=-");

    /// <summary>Whether <paramref name="name"/> can name an object.</summary>
    public static bool IsValid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || name[0] == '.')
        {
            return false;
        }
        foreach (var part in name.AsSpan().Split('/'))
        {
            if (!IsPart(name.AsSpan(part)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Returns the name, or throws <see cref="ArgumentException"/>: a wrong name is a fault in the program, not in the
    /// store.</summary>
    public static string Check(string name) => IsValid(name) ? name : throw new ArgumentException(
        $"'{name}' cannot name an object: expected '/'-separated parts of [A-Za-z0-9._=-], none empty, '.' or '..', at most " +
            $"{LongestPart} bytes each, the first not beginning with '.'.", nameof(name));

    /// <summary>Returns the prefix of a list: the beginning of a valid name, or empty.</summary>
    public static string CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        // What follows a prefix can complete its last part, so that part is checked as if it went on.
        return prefix.Length == 0 || IsValid(prefix + "x") || IsValid(prefix)
            ? prefix
            : throw new ArgumentException($"'{prefix}' cannot begin an object's name.", nameof(prefix));
    }

    /// <summary>Returns the folder: empty, or the beginning of valid names that ends with '/'.</summary>
    public static string CheckFolder(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return folder.Length == 0 || (folder.EndsWith('/') && IsValid(folder[..^1]))
            ? folder
            : throw new ArgumentException(
                $"'{folder}' is no folder of objects: expected the beginning of a name that ends with '/', or an empty string.",
                nameof(folder));
    }

    internal static bool IsPart(ReadOnlySpan<char> part) =>
        part.Length is > 0 and <= LongestPart && part is not ("." or "..") && !part.ContainsAnyExcept(Allowed);
}
