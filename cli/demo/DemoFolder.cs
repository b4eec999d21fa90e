using Pipeline.Core;

namespace Pipeline.Cli.Demo;

/// <summary>The demo's own folder. It is made anew each time, so it is only ever one that a demo made: the marker says so.</summary>
internal sealed class DemoFolder
{
    public const string Default = ".demo";

    private const string Marker = "demo.json";

    private DemoFolder(string path) => Root = path;

    public string Root { get; }

    public string Logs => Path.Combine(Root, "logs");

    public string Truth => Path.Combine(Root, "truth.json");

    /// <summary>How commands on this machine would name it.</summary>
    public string Shown => Path.GetRelativePath(Environment.CurrentDirectory, Root) is var relative
        && !relative.StartsWith("..", StringComparison.Ordinal) ? relative : Root;

    public static DemoFolder At(string path) => new(Path.GetFullPath(path));

    /// <summary>Removes what the last demo left, and begins anew.</summary>
    /// <exception cref="PipelineException">2: the folder holds something else, which is left alone.</exception>
    public void Renew(string settings)
    {
        if (File.Exists(Root) || (Directory.Exists(Root) && Directory.EnumerateFileSystemEntries(Root).Any()
            && !File.Exists(Path.Combine(Root, Marker))))
        {
            throw new UsageException(
                $"{Root} is not a demo's folder: it has no {Marker}. A demo deletes what is in its folder, so it is left alone. Give " +
                $"another --dir, one that is absent or empty.");
        }
        if (Directory.Exists(Root))
        {
            // The marker last: a removal that is cut short leaves a folder that is still the demo's.
            foreach (var folder in Directory.EnumerateDirectories(Root))
            {
                Directory.Delete(folder, recursive: true);
            }
            File.Delete(Truth);
        }
        Directory.CreateDirectory(Root);
        File.WriteAllText(Path.Combine(Root, Marker), settings + "\n");
    }
}
