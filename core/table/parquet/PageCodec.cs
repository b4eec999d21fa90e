using System.IO.Compression;

namespace Pipeline.Core.Table.Parquet;

/// <summary>Decompresses pages of the codecs that engines write by default.</summary>
internal sealed class PageCodec : IDisposable
{
    /// <summary>No page of a sane writer is larger; a header that claims more is damage, not a reason to allocate.</summary>
    private const int MaxPage = 1 << 30;

    private readonly ZstdSharp.Decompressor _zstd = new();

    public byte[] Expand(long codec, ReadOnlyMemory<byte> compressed, long length)
    {
        if (length is < 0 or > MaxPage)
        {
            throw new InvalidDataException($"a page of {length} bytes");
        }
        if (codec == ParquetTerms.Uncompressed)
        {
            return compressed.ToArray();
        }
        var page = new byte[length];
        var found = length == 0 ? 0 : codec switch
        {
            ParquetTerms.Zstd => _zstd.Unwrap(compressed.Span, page),
            ParquetTerms.Snappy => Snappier.Snappy.Decompress(compressed.Span, page),
            ParquetTerms.Gzip => Gunzip(compressed, page),
            _ => throw new NotSupportedException($"compression codec {codec} is not supported"),
        };
        return found == length ? page : throw new InvalidDataException($"a page of {found} bytes, its header says {length}");
    }

    public void Dispose() => _zstd.Dispose();

    private static int Gunzip(ReadOnlyMemory<byte> compressed, byte[] page)
    {
        using var gzip = new GZipStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
        return gzip.ReadAtLeast(page, page.Length, throwOnEndOfStream: false);
    }
}
