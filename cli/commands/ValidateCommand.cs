using System.CommandLine;
using Pipeline.Cli.Config;
using Pipeline.Cli.Kafka;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Commands;

/// <summary>`validate`: contracts, configuration and stores, before anything is started. Writes nothing.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("CONTRACT") { Arity = ArgumentArity.ZeroOrMore, Description = "contract files to read beside the published ones" };
        return new Command("validate", "read contracts, configuration and stores, and say what is wrong; changes nothing") { files }.Does(async (parsed, output, stop) =>
        {
            foreach (var contract in Contracts.Published.Concat((parsed.GetValue(files) ?? []).Select(ContractCommand.Read)))
            {
                output.Line($"contract {contract.Dataset} {contract.Version}: {string.Join(", ", contract.Fields.Select(f => f.Name))}; captures in {string.Join(", ", contract.Residency.CaptureRegions)}; tables in {string.Join(", ", contract.Residency.TableRegions)}");
            }
            if (parsed.GetValue(Common.Dir) is not null || parsed.GetValue(Common.Config) is not null)
            {
                await CheckAsync(parsed.Settings(), output, stop);
            }
            if (output.IsJson)
            {
                Printer.Json("""{"ok":true}""");
            }
            output.Line("ok");
            return ExitCode.Done;
        });
    }

    private static async Task CheckAsync(Settings settings, Printer output, CancellationToken stop)
    {
        var places = settings.Places;
        StoreResidency.Check(places.Us.Where, StoreRole.Capture, StoreResidency.Normalize(settings.UsRegion ?? "us"), Contracts.Published);
        if (places.Uk is { } table)
        {
            StoreResidency.Check(table.Where, StoreRole.Table, StoreResidency.Normalize(settings.UkRegion ?? "uk"), Contracts.Published);
        }
        output.Line($"settings: {Say.Count(settings.Sources.Count, "source")}; seal at {Say.Bytes(settings.SealBytes)} or {settings.SealAge.TotalSeconds} s, budget {Say.Bytes(settings.SealBudget)}; a look at every shard each {settings.Period.TotalSeconds} s");
        if (KafkaConnection.Open(settings.Kafka, Contracts.Published) is { } kafka)
        {
            await TopicsCommand.CheckAsync(kafka, output);
        }
        if (!Installation.Exists(places))
        {
            output.Line("stores: not there yet; they are made at the first import or run");
            return;
        }
        using var installation = await Installation.OpenAsync(places, TimeProvider.System, stop, places.Uk is null ? Needs.Captures : Needs.Both);
        output.Line($"stores: capture {installation.CaptureStore.Id} in {installation.CaptureStore.Region}, {(places.Uk is null ? "no table store" : $"table {installation.TableStore.Id} in {installation.TableStore.Region}")}, key {installation.Key.Kid}");
        foreach (var store in new[] { installation.Us, places.Uk is null ? null : installation.Uk }.OfType<AzureBlobStore>())
        {
            output.Line($"account of {store.Location}: {await store.AccountAsync(stop) ?? "does not tell its kind to this identity"}");
        }
    }
}
