using Pipeline.Core.Captures;

namespace Pipeline.Core.Table;

/// <summary>A frame that a table took and whose commit is not confirmed: its capture, the dataset's capture before it, and its bytes.</summary>
/// <param name="ByFeed">It came as a message: where it does not hold what it declares, the capture store is read before that is called a difference.</param>
public sealed record TakenFrame(string Shard, Link Link, Link? Before, FrameEntry Entry, ReadOnlyMemory<byte> Bytes, bool ByFeed = false);
