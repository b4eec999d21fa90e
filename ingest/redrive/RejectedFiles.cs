using Pipeline.Core.Records;
using Pipeline.Ingest.Files;

namespace Pipeline.Ingest.Redrive;

/// <summary>
/// Finds the files whose lines were rejected, by their content: under their last name, where rotation puts them, or where the user says.
/// </summary>
/// <param name="paths">Files, folders and patterns to look in.</param>
internal sealed class RejectedFiles(IReadOnlyList<string> paths, FileNames names, KeyedHash hash)
{
    private readonly Dictionary<string, List<string>> _byFingerprint = new(StringComparer.Ordinal);
    private bool _looked;

    /// <summary>The file that holds what was read, whatever its name is by now.</summary>
    public SourceFile? Find(string identity, IReadOnlyList<RejectedRead> reads)
    {
        var hints = reads.Select(read => read.Path).Prepend(names.Find(identity)).OfType<string>().Distinct(StringComparer.Ordinal);
        foreach (var path in hints.Concat(Named(identity.Split('.')[0])).Concat(hints.SelectMany(Beside)).Distinct(StringComparer.Ordinal))
        {
            SourceFile? file = null;
            try
            {
                file = File.Exists(path) ? SourceFile.Open(path) : null;
                if (file is not null && Fingerprint(file) == identity.Split('.')[0]
                    && reads.All(read => read.To <= file.ContentLength && file.Before(read.To) is { } before
                        && hash.Of(before) == read.Check))
                {
                    return file;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is as good as gone, and reported so.
            }
            file?.Dispose();
        }
        return null;
    }

    /// <summary>Where a rotation puts it: `access.log` becomes `access.log.1`, `access.log-20261102.gz`.</summary>
    private static IEnumerable<string> Beside(string path) =>
        Path.GetDirectoryName(path) is { Length: > 0 } folder && Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, Path.GetFileName(path) + "*").Order(StringComparer.Ordinal) : [];

    private List<string> Named(string fingerprint)
    {
        if (!_looked)
        {
            _looked = true;
            foreach (var path in paths.SelectMany(SourcePaths.Find))
            {
                try
                {
                    using var file = SourceFile.Open(path);
                    if (Fingerprint(file) is { } found)
                    {
                        (_byFingerprint.TryGetValue(found, out var known) ? known : _byFingerprint[found] = []).Add(path);
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The same.
                }
            }
        }
        return _byFingerprint.GetValueOrDefault(fingerprint) ?? [];
    }

    private string? Fingerprint(SourceFile file) => FileFingerprint.Of(file.ContentAt(0), hash, final: true);
}
