namespace Pipeline.Shipper.Events;

/// <summary>Where a message lies on the topic.</summary>
public readonly record struct FeedPosition(string Topic, int Partition, long Offset)
{
    public override string ToString() => $"{Topic}/{Partition}@{Offset}";
}
