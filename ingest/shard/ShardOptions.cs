using System.Security.Cryptography;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// How large a capture grows before it is cut, in bytes, and after how many captures a snapshot is written. Every process of a shard
/// must have the same; tests make them small, so that cuts and snapshots are many.
/// </summary>
public sealed record ShardLimits(int CaptureBytes, int SnapshotEvery)
{
    public static ShardLimits Protocol { get; } = new(CaptureFile.MaxBytes, ShardState.SnapshotEvery);
}

/// <summary>How a shard flushes, and who is told of its captures.</summary>
public sealed record ShardOptions
{
    public FlushPolicy Flush { get; init; } = FlushPolicy.Unlimited;

    public ShardLimits Limits { get; init; } = ShardLimits.Protocol;

    /// <summary>False: no push is offered, and it need not be read which streams are cold.</summary>
    public bool TakesPushes { get; init; } = true;

    /// <summary>When files leave the state.</summary>
    public ColdPolicy Cold { get; init; } = new();

    /// <summary>Random, of this start of the shard: makes the bytes of two processes that write the same capture differ.</summary>
    public string Session { get; init; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Told of each capture, in this order.</summary>
    public IReadOnlyList<BestEffort> Told { get; init; } = [];

    /// <summary>Hears of a damaged snapshot that was passed over, because all captures since the one before it stand.</summary>
    public Action<DifferenceException>? PassedOver { get; init; }
}
