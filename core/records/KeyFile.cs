using System.Text;
using Pipeline.Core.Store.Directories;

namespace Pipeline.Core.Records;

/// <summary>
/// The installation key on disk: `keys/installation.key`, 64 hex digits and a newline, mode 0600, outside both stores and durable before
/// capture 0 (rule 28).
/// </summary>
public static class KeyFile
{
    public const string Name = "installation.key";

    /// <summary>Whether there is a key in a folder.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, Name));

    /// <summary>Reads the key, or makes it where <paramref name="mayCreate"/> says that nothing was ever written with another
    /// one.</summary>
    /// <exception cref="PipelineException">78: absent though data exists, unreadable, not a key, or open to others.</exception>
    public static InstallationKey Open(string folder, bool mayCreate)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path))
        {
            if (!mayCreate)
            {
                throw new ConfigurationException(
                    $"key file {path}: not found, but the stores beside it hold data that was written with a key. Restore the file from " +
                    $"its backup; without it rows cannot be verified. A new key is never made for old data.");
            }
            Create(folder, new LinuxDisk());
        }
        return Read(path);
    }

    private static InstallationKey Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path, Encoding.ASCII).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                $"key file {path}: cannot be read ({e.GetType().Name}). Give this user read access to it, mode 0600.", e);
        }
        if (!OperatingSystem.IsWindows()
            && (File.GetUnixFileMode(path) & (
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
        {
            throw new ConfigurationException(
                $"key file {path}: others may read or write it (mode {Convert.ToString((int)File.GetUnixFileMode(path), 8)}, expected " +
                $"600). Run: chmod 600 {path}");
        }
        if (text.Length != InstallationKey.Length * 2 || !text.All(char.IsAsciiHexDigit))
        {
            throw new ConfigurationException(
                $"key file {path}: holds {text.Length} characters, expected {InstallationKey.Length * 2} hex digits. Restore the file " +
                $"from its backup.");
        }
        return new InstallationKey(Convert.FromHexString(text));
    }

    /// <summary>Makes a key, or keeps the one that another first start made meanwhile. When it returns, the file and every folder on the
    /// way to it are on stable storage.</summary>
    internal static void Create(string folder, Disk disk)
    {
        folder = Path.GetFullPath(folder);
        // A folder that was there has an owner who chose its mode; the key is protected by its own.
        var mine = !disk.FolderExists(folder);
        new DirectoryFolders(disk, folder).MakeRoot();
        if (mine)
        {
            disk.Protect(folder);
        }
        // Two first starts may race: the link lets one make the key, and both read what it made.
        var path = Path.Combine(folder, Name);
        var temporary = path + "." + Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
        disk.WriteNew(temporary, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(InstallationKey.New().Secret) + "\n"));
        disk.Protect(temporary);
        disk.Link(temporary, path);
        disk.Unlink(temporary);
        disk.SyncFolder(folder);
    }
}
