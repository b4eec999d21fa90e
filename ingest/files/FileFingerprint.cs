using System.Buffers;
using System.Buffers.Binary;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>
/// The first half of a file's identity (rule 34): the keyed hash of its first complete data line and that line's offset. Leading directives
/// are left out, because they are alike in every
/// file of a server; so are leading empty lines, for the same reason. It is found alike whatever the source's format, so that a file keeps
/// its identity where the format is named later or detected otherwise.
/// </summary>
public static class FileFingerprint
{
    /// <summary>The most bytes of the line that are hashed. A line that has as many needs no end: what follows changes nothing, and a file
    /// that grows without a newline is not read again and again.</summary>
    public const int MaxHashed = SourceBlock.MaxLineBytes;

    private const int Chunk = 8 * 1024;

    /// <summary>The fingerprint, or null where the content has no complete data line yet.</summary>
    /// <param name="content">The file's (decompressed) content from its start.</param>
    /// <param name="final">Nothing more will come: an unterminated line counts, and where there is no data line at all, the first that
    /// <paramref name="format"/> does not take for a directive.</param>
    public static string? Of(Stream content, KeyedHash hash, bool final = false, ILineFormat? format = null) =>
        Find(content, hash, final, format)?.Hash;

    /// <summary>The fingerprint, and the offset at which the line that it is of ends.</summary>
    public static (string Hash, long End)? Find(Stream content, KeyedHash hash, bool final = false, ILineFormat? format = null)
    {
        var (buffer, line) = (ArrayPool<byte>.Shared.Rent(Chunk), ArrayPool<byte>.Shared.Rent(MaxHashed + sizeof(long)));
        try
        {
            return Find(content, hash, final, format, buffer, line);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<byte>.Shared.Return(line);
        }
    }

    private static (string Hash, long End)? Find(Stream content, KeyedHash hash, bool final, ILineFormat? format, byte[] buffer,
        byte[] line)
    {
        var (length, from, at) = (0, 0L, 0L);
        (byte[] Line, int Length, long From)? fallback = null;
        while (true)
        {
            var read = content.Read(buffer);
            var rest = buffer.AsSpan(0, read);
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf((byte)'\n');
                var part = end < 0 ? rest : rest[..end];
                var kept = Math.Min(part.Length, MaxHashed - length);
                part[..kept].CopyTo(line.AsSpan(length));
                length += kept;
                if (length == MaxHashed && IsData(line.AsSpan(0, length)))
                {
                    return Hash(line, length, from, hash);
                }
                if (end < 0)
                {
                    at += rest.Length;
                    break;
                }
                if (IsData(line.AsSpan(0, length)))
                {
                    return Hash(line, length, from, hash);
                }
                if (final && fallback is null && format?.IsDirective(line.AsSpan(0, length)) == false)
                {
                    fallback = ([.. line.AsSpan(0, MaxHashed + sizeof(long))], length, from);
                }
                at += end + 1;
                (length, from) = (0, at);
                rest = rest[(end + 1)..];
            }
            if (read == 0)
            {
                return !final ? null
                    : IsData(line.AsSpan(0, length)) ? Hash(line, length, from, hash)
                    : fallback is { } f ? Hash(f.Line, f.Length, f.From, hash)
                    : length > 0 && format?.IsDirective(line.AsSpan(0, length)) == false ? Hash(line, length, from, hash)
                    : null;
            }
        }
    }

    private static bool IsData(ReadOnlySpan<byte> line)
    {
        var text = LineReader.WithoutMark(line).Trim((byte)'\r');
        if (text.IsEmpty)
        {
            return false;
        }
        foreach (var format in LogFormats.All)
        {
            if (format.IsDirective(line))
            {
                return false;
            }
        }
        return true;
    }

    private static (string Hash, long End) Hash(byte[] line, int length, long from, KeyedHash hash)
    {
        var end = from + length + 1;
        var text = line.AsSpan(0, length);
        var mark = text.Length - LineReader.WithoutMark(text).Length;
        length -= length > 0 && text[^1] == '\r' ? 1 : 0;
        BinaryPrimitives.WriteInt64LittleEndian(line.AsSpan(length), from + mark);
        return (hash.Of(line.AsSpan(mark, length - mark + sizeof(long))), end);
    }
}
