using System.IO.Compression;

namespace Pipeline.Worlds;

/// <summary>One web server: which of the requests it got, and the files in which it left them.</summary>
/// <param name="FileOf">The relative name of the file that a request of an instant goes to, before rotation renames it.</param>
internal sealed record WebServer(string Source, LineFormat Format, Func<long, string> FileOf)
{
    /// <summary>The file (0-based) in which IIS writes every field that it knows, and changes its mind at restarts.</summary>
    private const int DayOfEverything = 3;

    public void WriteLogs(string directory, IReadOnlyList<Request> requests, WorldOptions options, Tally tally, Action<Request> seen)
    {
        var random = Chance.For(options.Seed, Source);
        var scribe = new Scribe(Format, options.BadLineRate, random);
        Directory.CreateDirectory(Path.Combine(directory, Source));
        var files = requests.GroupBy(request => FileOf(request.Micros)).ToList();
        for (var i = 0; i < files.Count; i++)
        {
            scribe.Buffer.Length = 0;
            WriteFile(scribe, files[i], i, random, tally, seen);
            var name = $"{Source}/{Rotated(files[i].Key, files.Count - 1 - i)}";
            Save(Path.Combine(directory, name), scribe.Buffer.Written);
            tally.Files.Add(name);
        }
    }

    private void WriteFile(Scribe scribe, IEnumerable<Request> requests, int file, Random random, Tally tally, Action<Request> seen)
    {
        var w3c = Format as W3cFormat;
        w3c?.Everything = file == DayOfEverything;
        var first = true;
        foreach (var request in requests)
        {
            // The server starts anew now and then, and writes its header again; that is also when a change of its fields takes effect.
            if (first || (w3c is not null && random.Happens(0.002)))
            {
                w3c?.Everything = file == DayOfEverything && (first || random.Happens(0.5));
                scribe.Buffer.Put(Format.Header(request.Micros));
                first = false;
            }
            if (scribe.Junk(out var junk))
            {
                tally.Add(junk);
            }
            var written = scribe.Write(request);
            tally.Add(written);
            seen(written);
        }
    }

    /// <summary>As logrotate leaves them: today's has the plain name, yesterday's `.1`, older ones are compressed. Other servers name files
    /// by date.</summary>
    private static string Rotated(string name, int age) => name != "access.log" && !name.StartsWith("access.log@", StringComparison.Ordinal)
        ? name
        : age switch { 0 => "access.log", 1 => "access.log.1", _ => $"access.log.{age}.gz" };

    private static void Save(string path, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
        {
            file.Write(bytes);
            return;
        }
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        gzip.Write(bytes);
    }
}
