using System.Globalization;

namespace Pipeline.Cli.Roles;

/// <summary>The log of a role that runs: one line an event on standard error, the UTC time first.</summary>
/// <param name="to">Null: standard error.</param>
internal sealed class RoleLog(TimeProvider time, TextWriter? to = null)
{
    private readonly Lock _lock = new();

    public void Write(string line)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", CultureInfo.InvariantCulture);
            (to ?? Console.Error).WriteLine(now + line);
        }
    }
}
