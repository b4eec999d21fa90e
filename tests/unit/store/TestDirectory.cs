namespace Pipeline.Tests.Unit.Store;

/// <summary>A folder of its own for one test, removed afterwards.</summary>
internal sealed class TestDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pipeline-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
