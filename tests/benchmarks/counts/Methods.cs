namespace Pipeline.Tests.Benchmarks.Counts;

/// <summary>The estimators that are compared, by the name that the table shows.</summary>
internal static class Methods
{
    public const string Addresses = "distinct addresses", Keys = "distinct IPv4 or /64", Pairs = "distinct (address, version)",
        Panel = "panel ratio", Nowcast = "panel ratio, provisional";

    public static readonly string[] All = [Addresses, Keys, Pairs, Panel, Nowcast];
}
