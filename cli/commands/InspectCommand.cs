using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Processor.Status;

namespace Pipeline.Cli.Commands;

/// <summary>`inspect`: what an object of either store says of itself. Rows are never shown.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("OBJECT") { Description =
            "a capture, snapshot, commit or segment: its name in the store, or its path" };
        return new Command("inspect", "the headers of a capture, snapshot, commit or segment; never rows") { name }.Does(
            async (parsed, _, stop) =>
        {
            using var installation = await OpenInstallation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
            var (store, found) = await FindAsync(installation, parsed.GetRequiredValue(name), stop);
            Printer.Json(await Inspection.DescribeAsync(store, found, installation.Contracts, installation.Key.Captures(), stop));
            return ExitCode.Done;
        });
    }

    /// <summary>A path below a store's root, or the URL of a blob, is a name too: people copy what `ls` shows.</summary>
    private static async Task<(IObjectStore Store, string Name)> FindAsync(OpenInstallation installation, string name,
        CancellationToken stop)
    {
        foreach (var store in new[] { installation.Us, installation.Uk })
        {
            var found = NameIn(store, name);
            if (ObjectName.IsValid(found) && await store.FindAsync(found, stop) is not null)
            {
                return (store, found);
            }
        }
        throw new UsageException(
            $"there is no object '{name}' in {installation.Us.Location} or {installation.Uk.Location}. Name it as it lies in its store, " +
            $"such as captures/SHARD/0000000000000000/00000000000000000000.");
    }

    private static string NameIn(IObjectStore store, string name)
    {
        if (AzureLocation.IsUrl(store.Location))
        {
            return name.StartsWith(store.Location + "/", StringComparison.Ordinal) ? name[(store.Location.Length + 1)..] : name;
        }
        var relative = Path.GetRelativePath(store.Location, Path.GetFullPath(name)).Replace('\\', '/');
        return relative.StartsWith("..", StringComparison.Ordinal) ? name : relative;
    }
}
