using Pipeline.Core.Contracts;
using Pipeline.Ingest.Formats;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>What parsers fill: the two published datasets.</summary>
internal static class TestContracts
{
    public static ParsedLines Lines() => new(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates);
}
