using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// The partition that a key belongs to, as Kafka's own clients and librdkafka's `murmur2_random` compute it (docs/storage-format.md).
/// </summary>
public static class Murmur2
{
    private const uint M = 0x5bd1e995;

    /// <param name="partitions">How many the topic has, 1 or more.</param>
    public static int Partition(string shard, int partitions) => (int)(Hash(Encoding.UTF8.GetBytes(shard)) & 0x7fffffff) % partitions;

    internal static uint Hash(ReadOnlySpan<byte> key)
    {
        unchecked
        {
            var hash = 0x9747b28cu ^ (uint)key.Length;
            for (; key.Length >= 4; key = key[4..])
            {
                var k = BinaryPrimitives.ReadUInt32LittleEndian(key) * M;
                hash = hash * M ^ (k ^ k >> 24) * M;
            }
            for (var i = key.Length - 1; i >= 0; i--)
            {
                hash ^= (uint)key[i] << 8 * i;
            }
            if (key.Length > 0)
            {
                hash *= M;
            }
            hash = (hash ^ hash >> 13) * M;
            return hash ^ hash >> 15;
        }
    }
}
