using Microsoft.AspNetCore.Connections;
using Pipeline.Core;

namespace Pipeline.Ingest.Push;

/// <summary>Why an endpoint cannot listen at its address.</summary>
public static class ListenFault
{
    /// <summary>A port that another program has may become free, so that a supervisor starts this one again (exit 5). An address that is
    /// not of this machine needs a person (78).</summary>
    /// <param name="setting">The setting that gives the address, such as `push.url`.</param>
    public static PipelineException Of(string setting, string url, IOException fault) => fault.InnerException is AddressInUseException
        ? new OutageException($"{setting}: another program listens at {url}. Stop it, or give each process a port of its own.", fault)
        : new ConfigurationException($"{setting}: this program cannot listen at {url} "
            + $"({fault.InnerException?.GetType().Name ?? fault.GetType().Name}). Give an address of this machine.", fault);
}
