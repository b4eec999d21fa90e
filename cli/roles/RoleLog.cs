using System.Globalization;

namespace Pipeline.Cli.Roles;

/// <summary>The log of a role that runs: one line an event on standard error, the UTC time first.</summary>
internal sealed class RoleLog(TimeProvider time)
{
    private readonly Lock _lock = new();

    public void Write(string line)
    {
        lock (_lock)
        {
            Console.Error.WriteLine(time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", CultureInfo.InvariantCulture) + line);
        }
    }
}
