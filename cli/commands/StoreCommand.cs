using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;

namespace Pipeline.Cli.Commands;

/// <summary>`store init`: makes a directory or a container a store of a role and a region, once.</summary>
internal static class StoreCommand
{
    public static Command Create() => new("store", "make stores") { Init() };

    private static Command Init()
    {
        var path = new Argument<string>("PLACE") { Description = "the directory, or the container's URL" };
        var role = new Option<string>("--role") { Required = true, Description = "what it keeps" }.AcceptOnlyFromAmong(StoreRole.Capture,
            StoreRole.Table);
        var region = new Option<string>("--region") { Required = true, HelpName = "R",
            Description = "where it lies; refused where a contract does not allow it" };
        var from = new Option<string?>("--captures") { HelpName = "PLACE",
            Description = "for a table store: the capture store that it is filled from, which it names for ever" };
        var dry = new Option<bool>("--dry-run") { Description = "check only; write nothing" };
        return new Command("init", "make a directory or a container a store, or find that it is this one already") { path, role, region,
            from, dry }.Does(async (parsed, output, stop) =>
        {
            var (place, wanted) = (parsed.GetRequiredValue(path), StoreResidency.Normalize(parsed.GetRequiredValue(region)));
            var kind = parsed.GetRequiredValue(role);
            StoreResidency.Check(place, kind, wanted, PublishedContracts.All);
            // Refused before anything is asked: what is no place, and what would go in the clear.
            using var there = Place(place, kind).Open() as IDisposable;
            var captures = parsed.GetValue(from) is { } source
                ? (await StoreIdentity.OpenAsync(Place(source, StoreRole.Capture).Open(), StoreRole.Capture, PublishedContracts.All, null,
                stop)).Id : null;
            if (parsed.GetValue(dry))
            {
                output.Line($"dry run: {place} would be a {kind} store in {wanted}");
                if (output.IsJson)
                {
                    Printer.Json($$"""{"dryRun":true,"role":"{{kind}}","region":"{{wanted}}"}""");
                }
                return ExitCode.Done;
            }
            var store = await Place(place, kind).CreateAsync(stop);
            using var closed = store as IDisposable;
            var identity = await StoreIdentity.InitAsync(store, kind, wanted, PublishedContracts.All, captures, stop);
            output.Line($"{store.Location} is {kind} store {identity.Id} in {identity.Region}, for {string.Join(", ", identity.Datasets)}");
            if (output.IsJson)
            {
                Printer.Json($$"""{"id":"{{identity.Id}}","role":"{{kind}}","region":"{{identity.Region}}"}""");
            }
            return ExitCode.Done;
        });
    }

    /// <summary>A container is opened by the connection string that the environment has for the store of that role, or by the identity of
    /// this process.</summary>
    private static StorePlace Place(string where, string role) => AzureLocation.IsUrl(where)
        ? new StorePlace(where, null, StoreCredentials.Of(role == StoreRole.Capture ? "us" : "uk", SettingsLoader.Environment()))
        : new StorePlace(where);
}
