using Pipeline.Core.Captures;

namespace Pipeline.Tests.Simulation;

/// <summary>Where a file was read up to, whether the shard's state has it or a cold page.</summary>
internal static class ColdCursors
{
    public static async Task<FileCursor?> FindAsync(CaptureStore captures, ShardState state, FilePlan file)
    {
        if (state.Files.TryGetValue(ShardState.FileKey(file.Source, file.Identity), out var hot))
        {
            return hot;
        }
        using var pages = new ColdPages(captures, state);
        return (await pages.FilesAsync(file.Source, file.Identity, CancellationToken.None)).SingleOrDefault()?.Cursor;
    }
}
