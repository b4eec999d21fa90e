using System.Globalization;

namespace Pipeline.Core.Table.Parquet;

/// <summary>The numbers of the Parquet format that segments use (parquet.thrift).</summary>
internal static class ParquetTerms
{
    public const int Int64 = 2, Int96 = 3, ByteArray = 6;
    public const int Required = 0, Optional = 1;
    public const int Plain = 0, PlainDictionary = 2, Rle = 3, DeltaBinaryPacked = 5, RleDictionary = 8;
    public const int Uncompressed = 0, Snappy = 1, Gzip = 2, Zstd = 6;
    public const int DataPage = 0, DictionaryPage = 2, DataPageV2 = 3;
    public const int ConvertedUtf8 = 0, ConvertedMillis = 9, ConvertedMicros = 10;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>The key of a segment's label in its footer, and of its check.</summary>
    public const string LabelKey = "pipeline", CheckKey = "pipeline.check";

    /// <summary>The length of the magic and of the footer's length, at the end of a file.</summary>
    public const int TailLength = 8;

    public static string EncodingName(long encoding) => encoding switch
    {
        6 => "DELTA_LENGTH_BYTE_ARRAY",
        7 => "DELTA_BYTE_ARRAY",
        9 => "BYTE_STREAM_SPLIT",
        _ => encoding.ToString(CultureInfo.InvariantCulture),
    };
}
