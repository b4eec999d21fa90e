using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>An installation with many sources, a log file and a shard each.</summary>
internal static class ManySources
{
    /// <summary>Writes their logs and the configuration that names them, in folders `logs` and `sources`; the configuration's path.</summary>
    public static async Task<string> WriteAsync(TemporaryFolder folder, int sources, int linesOfEach)
    {
        Directory.CreateDirectory(folder["logs"]);
        using var text = new MemoryStream();
        CombinedLog.Write(text, (long)sources * linesOfEach, Stages.Blocks.Seed, days: 1);
        var (names, left) = (new List<string>(), text.GetBuffer().AsMemory(0, (int)text.Length));
        for (var s = 0; s < sources; s++)
        {
            var end = 0;
            for (var line = 0; line < linesOfEach && end < left.Length; line++)
            {
                end += left.Span[end..].IndexOf((byte)'\n') + 1;
            }
            names.Add($"s{s:D4}");
            await File.WriteAllBytesAsync(Path.Combine(folder["logs"], names[^1] + ".log"), left[..end]);
            left = left[end..];
        }
        var config = folder["sources.yaml"];
        await File.WriteAllTextAsync(config, "stores:\n  us: {path: sources/us, region: us}\n  uk: {path: sources/uk, region: uk}\nkeys: sources/keys\nsources:\n" + string.Concat(names.Select(n => $"  - {{name: {n}, format: combined, paths: [{folder["logs"]}/{n}.log]}}\n")));
        return config;
    }

    public static void Remove(TemporaryFolder folder)
    {
        folder.Remove("sources");
        folder.Remove("logs");
    }
}
