using Pipeline.Cli.Commands;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>`verify --deep` of a real installation: every frame and every segment decoded and hashed. All cores.</summary>
internal static class VerifyStage
{
    public static IEnumerable<Figure> Deep()
    {
        using var folder = new TemporaryFolder();
        var truth = CombinedLog.Write(folder["access.log"], 1_000_000, Blocks.Seed);
        ImportRun.Run(folder, "access.log", "installation", truth);
        var settings = SettingsLoader.Load(null, folder["installation"], new Dictionary<string, string>());
        using var installation = OpenInstallation.OpenAsync(settings.Places, TimeProvider.System, CancellationToken.None).GetAwaiter()
            .GetResult();
        var rows = truth.Counts.Records.Values.Sum();
        yield return Repeat.Rate("`verify --deep`, all cores", "rows/s", rows, () =>
        {
            var report = VerifyCommand.RunAsync(installation, true, CancellationToken.None).GetAwaiter().GetResult();
            if (!report.Ok || report.Lines != truth.Counts.Lines)
            {
                throw new InvalidOperationException(
                    $"verify found {report.Lines} lines, ok {report.Ok}; expected {truth.Counts.Lines}, true");
            }
        });
    }
}
