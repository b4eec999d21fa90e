using Microsoft.Extensions.Hosting;

namespace Pipeline.Ingest.Push;

/// <summary>The program decides when it ends: a signal is no business of a web server inside it.</summary>
internal sealed class PushLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
