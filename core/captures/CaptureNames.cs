using System.Globalization;

namespace Pipeline.Core.Captures;

/// <summary>Object names of the capture store: `captures/SHARD/n÷4096/n`, `snapshots/SHARD/n` and `cold/SHARD/page`, zero-padded to 16
/// and 20 digits.</summary>
public static class CaptureNames
{
    public const string CapturesFolder = "captures/";
    public const string SnapshotsFolder = "snapshots/";
    public const string ColdFolder = "cold/";
    private const int MaxShardLength = 64;

    public static string Capture(string shard, long number) => $"{CapturesFolder}{shard}/{number / 4096:D16}/{number:D20}";

    public static string Snapshot(string shard, long number) => $"{SnapshotsFolder}{shard}/{number:D20}";

    public static string Snapshots(string shard) => $"{SnapshotsFolder}{shard}/";

    public static string Cold(string shard, long page) => $"{ColdFolder}{shard}/{page:D20}";

    public static string Source(string source) => "sources/" + source;

    /// <summary>The number at the end of a capture's or snapshot's name.</summary>
    public static long? NumberOf(string name) =>
        long.TryParse(name.AsSpan(name.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : null;

    /// <summary>Names of sources and shards: 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit. They become object
    /// names.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxShardLength && char.IsAsciiLetterOrDigit(text[0])
            && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');
}
