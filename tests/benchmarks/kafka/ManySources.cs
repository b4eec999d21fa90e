using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>An installation with many sources, a log file and a shard each.</summary>
internal static class ManySources
{
    /// <summary>Writes their logs and the configuration that names them, in folders `logs` and `sources`; the configuration's
    /// path.</summary>
    public static async Task<string> WriteAsync(TemporaryFolder folder, int sources, int linesOfEach)
    {
        var names = await WriteLogsAsync(folder["logs"], sources, linesOfEach);
        var config = folder["sources.yaml"];
        await File.WriteAllTextAsync(config,
            "stores:\n  us: {path: sources/us, region: us}\n  uk: {path: sources/uk, region: uk}\nkeys: sources/keys\nsources:\n"
            + string.Concat(names.Select(n => $"  - {{name: {n}, format: combined, paths: [{folder["logs"]}/{n}.log]}}\n")));
        return config;
    }

    /// <summary>One log cut into files `s0000.log` and on; their names without the ending.</summary>
    public static async Task<IReadOnlyList<string>> WriteLogsAsync(string to, int files, int linesOfEach)
    {
        Directory.CreateDirectory(to);
        using var text = new MemoryStream();
        CombinedLog.Write(text, (long)files * linesOfEach, Stages.Blocks.Seed, days: 1);
        var (names, left) = (new List<string>(), text.GetBuffer().AsMemory(0, (int)text.Length));
        for (var file = 0; file < files; file++)
        {
            var end = 0;
            for (var line = 0; line < linesOfEach && end < left.Length; line++)
            {
                end += left.Span[end..].IndexOf((byte)'\n') + 1;
            }
            names.Add($"s{file:D4}");
            await File.WriteAllBytesAsync(Path.Combine(to, names[^1] + ".log"), left[..end]);
            left = left[end..];
        }
        return names;
    }

    public static void Remove(TemporaryFolder folder)
    {
        folder.Remove("sources");
        folder.Remove("logs");
    }
}
