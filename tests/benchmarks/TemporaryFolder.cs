namespace Pipeline.Tests.Benchmarks;

/// <summary>A folder for logs and installations, removed with all that is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pipeline-bench-");

    public string this[string name] => Path.Combine(_root.FullName, name);

    public void Remove(string name)
    {
        if (Directory.Exists(this[name]))
        {
            Directory.Delete(this[name], recursive: true);
        }
        else
        {
            File.Delete(this[name]);
        }
    }

    public void Dispose() => _root.Delete(recursive: true);
}
