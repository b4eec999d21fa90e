using Pipeline.Ingest.Files;
using Spectre.Console;

namespace Pipeline.Cli.Output;

/// <summary>A bar on a terminal, nothing in a pipe. Its end is the length of the plain files; a gzip's content is longer than its file, so
/// it may end early.</summary>
internal sealed class ImportProgress : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task? _shown;
    private long _bytes;

    public ImportProgress(Printer output, IReadOnlyList<string> paths)
    {
        if (!output.IsTerminal || !output.People.Profile.Capabilities.Interactive)
        {
            return;
        }
        var total = paths.SelectMany(SourcePaths.Find).Sum(path => new FileInfo(path) is { Exists: true } file ? file.Length : 0);
        _shown = output.People.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(),
            new PercentageColumn(), new TransferSpeedColumn()).StartAsync(async context =>
        {
            var bar = context.AddTask("reading", maxValue: Math.Max(1, total));
            while (!_done.Task.IsCompleted)
            {
                bar.Value = Interlocked.Read(ref _bytes);
                await Task.WhenAny(_done.Task, Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System));
            }
        });
    }

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public void Dispose()
    {
        _done.TrySetResult();
        // The bar clears itself from the terminal before anything is printed after it.
        _shown?.Wait();
    }
}
