using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store.Directories;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Tests.Integration.Leak;

/// <summary>
/// Searches every byte of files for markers, and once more what is compressed in them: whatever begins as a zstd frame or a gzip, wherever
/// it stands (buffers of Arrow, rejections of a capture, pages of Parquet), and all values of Parquet, however they are encoded.
/// What is found is told by file and offset, never by its text.
/// </summary>
internal sealed class LeakSearch
{
    public const string Marker = "LKQ7Z9";

    /// <summary>In names of files, folders, columns and streams. No line has it.</summary>
    public const string Named = "NMJ4X8";

    /// <summary>What follows a UUID's first four characters.</summary>
    public const string Uuid = "c0ffee5e4ed0";

    private static readonly byte[][] Needles =
    [
        .. new[]
        {
            Marker, Marker.ToLowerInvariant(), Convert.ToBase64String(Encoding.ASCII.GetBytes(Marker)),
                string.Concat(Marker.Select(c => $"%{(int)c:X2}")), string.Concat(Marker.Select(c => $"%{(int)c:x2}")),
            Uuid, Uuid.ToUpperInvariant(), $"{Uuid[..4]}-{Uuid[4..8]}-{Uuid[8..]}",
        }.Select(Encoding.ASCII.GetBytes),
        // Where .NET's own strings were written out, and where a UUID was packed.
        Encoding.Unicode.GetBytes(Marker), Convert.FromHexString(Uuid),
    ];

    private static readonly byte[][] Names =
    [
        .. new[] { Named, Named.ToLowerInvariant(), Convert.ToBase64String(Encoding.ASCII.GetBytes(Named)),
            string.Concat(Named.Select(c => $"%{(int)c:X2}")) }.Select(Encoding.ASCII.GetBytes),
        Encoding.Unicode.GetBytes(Named),
    ];

    private readonly List<string> _found = [];

    public IReadOnlyList<string> Found => _found;

    public long Bytes { get; private set; }

    /// <summary>Of these, bytes that were compressed.</summary>
    public long Expanded { get; private set; }

    public long Values { get; private set; }

    public int Files { get; private set; }

    /// <param name="but">A folder within it that is left out.</param>
    public async Task FolderAsync(string folder, string? but = null)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true,
            AttributesToSkip = 0 }))
        {
            var name = Path.GetRelativePath(folder, file);
            if (but is not null && name.StartsWith(but + "/", StringComparison.Ordinal))
            {
                continue;
            }
            Search(name, await File.ReadAllBytesAsync(file));
            Text("the name of a file", name);
            Files++;
            if (file.EndsWith(".parquet", StringComparison.Ordinal))
            {
                await ParquetAsync(file, name);
            }
        }
    }

    /// <param name="mayName">It is told to the person who gave the names, on the machine that has them.</param>
    public void Text(string what, string text, bool mayName = false) => Search(what, Encoding.UTF8.GetBytes(text), mayName: mayName);

    public void Search(string what, ReadOnlyMemory<byte> bytes, bool isExpanded = false, bool mayName = false)
    {
        Bytes += bytes.Length;
        Expanded += isExpanded ? bytes.Length : 0;
        foreach (var needle in mayName ? Needles : Needles.Concat(Names))
        {
            if (bytes.Span.IndexOf(needle) is >= 0 and var at)
            {
                _found.Add($"{what} at {at}");
            }
        }
        Frames(what, bytes, [0x28, 0xB5, 0x2F, 0xFD], static stream => new ZstdSharp.DecompressionStream(stream));
        Frames(what, bytes, [0x1F, 0x8B, 0x08], static stream => new GZipStream(stream, CompressionMode.Decompress));
    }

    /// <summary>Each place where a compressed part may begin. What is none cannot be expanded, and is bytes that were searched
    /// already.</summary>
    private void Frames(string what, ReadOnlyMemory<byte> bytes, ReadOnlySpan<byte> magic, Func<Stream, Stream> expand)
    {
        if (!MemoryMarshal.TryGetArray(bytes, out var array))
        {
            throw new ArgumentException("only arrays are searched", nameof(bytes));
        }
        for (var from = 0; bytes.Span[from..].IndexOf(magic) is >= 0 and var next; from += next + magic.Length)
        {
            var at = from + next;
            using var expanded = new MemoryStream();
            try
            {
                using var stream = expand(new MemoryStream(array.Array!, array.Offset + at, bytes.Length - at, writable: false));
                var buffer = new byte[1 << 16];
                // The frame's own length, so that the bytes behind it are not taken for another frame.
                var left = Length(bytes.Span[at..]);
                for (int got; left > 0 && (got = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left))) > 0; left -= got)
                {
                    expanded.Write(buffer, 0, got);
                }
            }
            catch (Exception e) when (e is ZstdSharp.ZstdException or InvalidDataException or IOException)
            {
                // As far as it went.
            }
            if (expanded.Length > 0)
            {
                Search($"{what} at {at}, expanded", expanded.ToArray(), isExpanded: true);
            }
        }
    }

    /// <summary>What a zstd frame says of its content's length (RFC 8878, 3.1.1.1); all, where it says nothing.</summary>
    private static long Length(ReadOnlySpan<byte> frame)
    {
        if (frame[0] != 0x28 || frame.Length < 18)
        {
            return long.MaxValue;
        }
        var (size, single) = (frame[4] >> 6, (frame[4] & 0x20) != 0);
        var at = 5 + (single ? 0 : 1) + (frame[4] & 3) switch { 0 => 0, 1 => 1, 2 => 2, _ => 4 };
        return size switch
        {
            0 => single ? frame[at] : long.MaxValue,
            1 => BinaryPrimitives.ReadUInt16LittleEndian(frame[at..]) + 256L,
            2 => BinaryPrimitives.ReadUInt32LittleEndian(frame[at..]),
            _ => BinaryPrimitives.ReadInt64LittleEndian(frame[at..]),
        };
    }

    /// <summary>Values may be encoded so that no marker stands whole in a page.</summary>
    private async Task ParquetAsync(string file, string name)
    {
        var contract = file.Contains(PublishedContracts.AgentUpdates.Dataset, StringComparison.Ordinal) ? PublishedContracts.AgentUpdates
            : PublishedContracts.XenCenterChecks;
        using var store = new DirectoryStore(Path.GetDirectoryName(file)!);
        var reader = await SegmentReader.OpenAsync(store, Path.GetFileName(file), contract);
        await foreach (var rows in reader!.ReadAsync())
        {
            foreach (var column in rows.Strings)
            {
                Values += rows.Rows;
                Search($"{name}, values of {column.Name}", column.Bytes);
            }
        }
    }
}
