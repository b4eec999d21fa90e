using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Push;

namespace Pipeline.Cli.Commands;

/// <summary>`run`, `ingest` and `ship`: roles in this process until SIGTERM. Sources are in the configuration; in an installation in a
/// directory, options name them.</summary>
internal static class RunCommand
{
    public static Command Create(string name, string description, RunParts parts)
    {
        var tail = new Option<string[]>("--tail") { HelpName = "NAME=PATH",
            Description = "follow files: a source's name and a file, folder or quoted pattern; may be repeated" };
        var push = new Option<string[]>("--push") { HelpName = "NAME=FORMAT", Description = "take pushes for a source; may be repeated" };
        var listen = new Option<string?>("--listen") { HelpName = "URL",
            Description = "where pushes are taken (default http://127.0.0.1:8080)" };
        var metrics = Common.Metrics();
        var command = new Command(name, description) { metrics };
        if (parts.HasFlag(RunParts.Ingest))
        {
            command.Add(tail);
            command.Add(push);
            command.Add(listen);
        }
        return command.Does(async (parsed, _, stop) =>
        {
            var settings = parsed.Settings();
            if (parts.HasFlag(RunParts.Ingest))
            {
                settings = settings with
                {
                    Sources = Sources(settings.Sources, parsed.GetValue(tail) ?? [], parsed.GetValue(push) ?? []),
                    PushUrl = parsed.GetValue(listen) ?? settings.PushUrl,
                };
                if (settings.Sources.Count == 0)
                {
                    throw new UsageException(
                        $"{name} has no sources. Name them under `sources` in --config, or give --tail NAME=PATH or --push NAME=FORMAT.");
                }
            }
            // Before anything is read: lines that two sources read count twice.
            SourceOverlaps.Check(parts.HasFlag(RunParts.Ingest) ? settings.Sources : []);
            if (parts.HasFlag(RunParts.Ingest))
            {
                PushRole.Check(settings);
            }
            settings = settings with { MetricsUrl = parsed.GetValue(metrics) ?? settings.MetricsUrl };
            // Before a store is touched: a region that no contract allows leaves nothing behind.
            var kafka = KafkaConnection.Open(settings.Kafka, PublishedContracts.All);
            await using var telemetry = await Telemetry.Telemetry.StartAsync(settings, Environment.GetEnvironmentVariable,
                TimeProvider.System, stop);
            using var installation = await OpenInstallation.OpenOrCreateAsync(settings.Places, TimeProvider.System, stop,
                parts == RunParts.Ingest ? Needs.Captures : Needs.Both);
            Printer.NewKey(installation.NewKey);
            telemetry?.Attach(installation);
            var log = new RoleLog(TimeProvider.System);
            if (telemetry?.Address is { } address)
            {
                log.Write($"metrics url={address}metrics");
            }
            return await new RunRole(settings, installation, parts, log, kafka, telemetry?.Meters).RunAsync(stop);
        });
    }

    private static List<SourceSettings> Sources(IReadOnlyList<SourceSettings> configured, string[] tails, string[] pushes)
    {
        var sources = configured.ToDictionary(s => s.Name, StringComparer.Ordinal);
        foreach (var (name, path) in tails.Select(t => Pair("--tail", t, "NAME=PATH")))
        {
            var source = sources.GetValueOrDefault(name) ?? new SourceSettings(name, "auto", [], null, PushDelivery.ExactlyOnce);
            sources[name] = source with { Paths = [.. source.Paths, path] };
        }
        foreach (var (name, format) in pushes.Select(p => Pair("--push", p, "NAME=FORMAT")))
        {
            var source = sources.GetValueOrDefault(name) ?? new SourceSettings(name, "auto", [], null, PushDelivery.ExactlyOnce);
            _ = LogFormats.Named(format, source.ClientAddress);
            sources[name] = source with { Format = format, Push = source.Push ?? new PushSettings() };
        }
        return [.. sources.Values];
    }

    private static (string Name, string Value) Pair(string option, string text, string form)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0 && at < text.Length - 1 && CaptureNames.IsName(text[..at]) ? (text[..at], text[(at + 1)..])
            : throw new UsageException($"{option}: found '{text}', expected {form}, the name of 1 to 64 of a-z, 0-9, '-', '_' and '.'.");
    }
}
