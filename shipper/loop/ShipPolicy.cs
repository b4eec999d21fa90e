using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Loop;

/// <summary>How often the shipper looks, and when it seals.</summary>
/// <param name="Period">Between two rounds of the catch-up. 1 s to 1 h; longer: fewer probes, and a later find of what did not come or was
/// set back.</param>
public sealed record ShipPolicy(SealPolicy Seal, TimeSpan Period);
