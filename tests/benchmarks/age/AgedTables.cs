using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Integration.Azure;

namespace Pipeline.Tests.Benchmarks.Age;

/// <summary>Ages both tables of an installation that the program made.</summary>
internal static class AgedTables
{
    private const int PutsAtOnce = 16;

    /// <summary>Entries are written past the store, without a sync each: a million would take hours otherwise.</summary>
    public static async Task GrowDirectoryAsync(string dir, long entries)
    {
        Console.Error.WriteLine($"ageing: {entries:N0} entries a table");
        using var installation = await OpenInstallation.OpenAsync(InstallationPlaces.Embedded(dir), TimeProvider.System, default);
        foreach (var log in installation.Logs)
        {
            await GrowAsync(log, entries, (name, bytes) => File.WriteAllBytes(Path.Combine(dir, "uk", name), bytes));
        }
    }

    public static async Task GrowAzureAsync(string us, string uk, string keys, long entries)
    {
        Console.Error.WriteLine($"ageing: {entries:N0} entries a table");
        var connection = new Secret(AzuriteProcess.ConnectionString);
        using var installation = await OpenInstallation.OpenAsync(
            new InstallationPlaces(new StorePlace(us, "us", connection), new StorePlace(uk, "uk", connection), keys), TimeProvider.System,
                default);
        foreach (var log in installation.Logs)
        {
            var puts = new Queue<Task>();
            await GrowAsync(log, entries, (name, bytes) =>
            {
                puts.Enqueue(log.Store.PutIfAbsentAsync(name, bytes));
                if (puts.Count > PutsAtOnce)
                {
                    puts.Dequeue().GetAwaiter().GetResult();
                }
            });
            await Task.WhenAll(puts);
        }
    }

    private static async Task GrowAsync(TableLog log, long entries, Action<string, byte[]> put) =>
        await new AgedLog(log, await log.OpenAsync()).GrowAsync(entries, log.Store, put);
}
