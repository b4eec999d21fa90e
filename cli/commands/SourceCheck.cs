using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Ingest.Files;

namespace Pipeline.Cli.Commands;

/// <summary>What `validate` says of a source: whether its files can be read and their format is known, whether its container answers. Files
/// that are not there yet are no error: they may come.</summary>
internal static class SourceCheck
{
    /// <summary>Files of a source that are looked into: a glob may match ten thousand.</summary>
    private const int MaxFiles = 100;

    /// <exception cref="PipelineException">1: files cannot be read, or their format is not known.</exception>
    /// <exception cref="StoreException">The container does not answer, or not to this identity.</exception>
    public static async Task RunAsync(SourceSettings source, PipelineSettings settings, Printer output, CancellationToken stop)
    {
        if (source.Container is { } container)
        {
            await foreach (var page in container.Open(source.Name, settings.StoreTimeout).ListLevelAsync(container.Options.Prefix, stop))
            {
                output.Line($"source {source.Name}: {source.Format}, container answers: {Say.Count(page.Folders.Count, "folder")} and " +
                    $"{Say.Count(page.Blobs.Count, "blob")} first");
                break;
            }
            return;
        }
        var wrong = new List<string>();
        var seen = 0;
        foreach (var pattern in source.Paths)
        {
            var files = SourcePaths.Find(pattern).Take(MaxFiles).ToList();
            if (files.Count == 0)
            {
                output.Line($"source {source.Name}: no file matches {pattern} yet");
            }
            foreach (var path in files)
            {
                seen++;
                if (WhyNot(path, source) is { } why)
                {
                    wrong.Add(why);
                }
            }
        }
        if (wrong.Count > 0)
        {
            throw new FailedException($"source {source.Name}: {string.Join($"{Environment.NewLine}error: source {source.Name}: ", wrong)}");
        }
        output.Line($"source {source.Name}: " +
            $"{source.Format}{(source.Paths.Count > 0 ? $", {Say.Count(seen, "file")} can be read" : "")}"
            + (source.Push is null ? "" : ", takes pushes"));
    }

    private static string? WhyNot(string path, SourceSettings source)
    {
        try
        {
            using var file = SourceFile.Open(path);
            return source.LineFormat is not null || file.LengthAtOpen == 0 || file.DetectFormat(out var why) is not null ? null
                : $"{path}: its format is not recognised: {why}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be read ({e.GetType().Name}); expected a regular file that this user may read.";
        }
    }
}
