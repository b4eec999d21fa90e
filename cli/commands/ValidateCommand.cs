using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;

namespace Pipeline.Cli.Commands;

/// <summary>`validate`: contracts, configuration, sources, topic and stores, before anything is started; everything that is wrong, at once.
/// Writes nothing.</summary>
internal static class ValidateCommand
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var files = new Argument<string[]>("CONTRACT") { Arity = ArgumentArity.ZeroOrMore,
            Description = "contract files to read beside the published ones" };
        return new Command("validate",
            "read contracts, configuration, sources, topic and stores, and say all that is wrong; changes nothing") { files }.Does(
            async (parsed, output, stop) =>
        {
            foreach (var contract in PublishedContracts.All.Concat((parsed.GetValue(files) ?? []).Select(ContractCommand.Read)))
            {
                output.Line($"contract {contract.Dataset} {contract.Version}: {string.Join(", ", contract.Fields.Select(f => f.Name))}; " +
                    $"captures in {string.Join(", ", contract.Residency.CaptureRegions)}; tables in " +
                    $"{string.Join(", ", contract.Residency.TableRegions)}");
            }
            var wrong = new List<PipelineException>();
            if (parsed.GetValue(Common.Dir) is not null || parsed.GetValue(Common.Config) is not null)
            {
                var settings = parsed.Settings();
                foreach (var warning in FileModes.Warnings(parsed.GetValue(Common.Config), settings))
                {
                    Printer.Warn(warning);
                }
                await CheckAsync(settings, output, wrong, stop);
            }
            wrong.ForEach(error => ProgramEdge.Say(error.Message));
            if (output.IsJson)
            {
                Printer.Json(JsonSerializer.Serialize(new { ok = wrong.Count == 0, errors = wrong.Select(error => error.Message) }, Plain));
            }
            if (wrong.Count == 0)
            {
                output.Line("ok");
            }
            // Several things may be wrong, and an exit code is one: that of the first, in the order in which a start would meet them.
            return wrong.Count == 0 ? ExitCode.Done : ExitCode.Of(wrong[0]);
        });
    }

    /// <summary>Each part by itself, so that one that is wrong hides none of the others.</summary>
    private static async Task CheckAsync(PipelineSettings settings, Printer output, List<PipelineException> wrong, CancellationToken stop)
    {
        async Task TryAsync(Func<Task> check)
        {
            try
            {
                await check();
            }
            catch (PipelineException e)
            {
                wrong.Add(e);
            }
            catch (StoreException e)
            {
                wrong.Add(e.Fault == StoreFault.Refused ? new ConfigurationException(e.Message, e) : new OutageException(e.Message, e));
            }
        }
        InstallationPlaces? places = null;
        await TryAsync(() => Task.FromResult(places = settings.Places));
        await TryAsync(() =>
            Task.Run(() => StoreResidency.Check(settings.UsUrl ?? settings.UsPath!, StoreRole.Capture,
            StoreResidency.Normalize(settings.UsRegion ?? "us"), PublishedContracts.All), stop));
        if ((settings.UkUrl ?? settings.UkPath) is { } table)
        {
            await TryAsync(() =>
                Task.Run(() => StoreResidency.Check(table, StoreRole.Table, StoreResidency.Normalize(settings.UkRegion ?? "uk"),
                PublishedContracts.All), stop));
        }
        output.Line($"settings: {Say.Count(settings.Sources.Count, "source")}; seal at {Say.Bytes(settings.SealBytes)} or " +
            $"{settings.SealAge.TotalSeconds} s, budget {Say.Bytes(settings.SealBudget)}; a look at every shard each " +
            $"{settings.Period.TotalSeconds} s");
        foreach (var source in settings.Sources)
        {
            await TryAsync(() => SourceCheck.RunAsync(source, settings, output, stop));
        }
        await TryAsync(() => Task.Run(() => SourceOverlaps.Check(settings.Sources), stop));
        await TryAsync(() => Task.Run(() => PushRole.Check(settings), stop));
        await TryAsync(async () =>
        {
            if (KafkaConnection.Open(settings.Kafka, PublishedContracts.All) is { } kafka)
            {
                await TopicsCommand.CheckAsync(kafka, output);
            }
        });
        if (places is not null)
        {
            await TryAsync(() => StoresAsync(places, output, stop));
        }
    }

    private static async Task StoresAsync(InstallationPlaces places, Printer output, CancellationToken stop)
    {
        if (!OpenInstallation.Exists(places))
        {
            output.Line("stores: not there yet; they are made at the first import or run");
            return;
        }
        if (await OpenInstallation.AwaitsKeyAsync(places, stop))
        {
            output.Line("stores: there, and empty; no key yet: the first import or run makes it");
            return;
        }
        using var installation = await OpenInstallation.OpenAsync(places, TimeProvider.System, stop, places.Uk is null ? Needs.Captures
            : Needs.Both);
        output.Line($"stores: capture {installation.CaptureStore.Id} in {installation.CaptureStore.Region}, " +
            $"{(places.Uk is null ? "no table store" : $"table {installation.TableStore.Id} in {installation.TableStore.Region}")}, key " +
            $"{installation.Key.KeyId}");
        foreach (var store in new[] { installation.Us, places.Uk is null ? null : installation.Uk }.OfType<AzureBlobStore>())
        {
            output.Line($"account of {store.Location}: {await store.AccountAsync(stop) ?? "does not tell its kind to this identity"}");
        }
    }
}
