using System.Buffers.Binary;
using System.Text.Json;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// A capture's bytes: `CAPTURE1\n`, the header's length (u32 LE), the header (UTF-8 JSON), then the blocks back to back: the rejection runs, then the frames.
/// </summary>
public static class CaptureFile
{
    /// <summary>The most bytes that a capture has, so that it passes Kafka at its defaults; only a single large push may exceed it (docs/storage-format.md).</summary>
    public const int MaxBytes = 900_000;

    private static ReadOnlySpan<byte> Magic => "CAPTURE1\n"u8;

    /// <summary>Lays the blocks out behind the header; returns the whole, and the header with the offsets and lengths filled in.</summary>
    public static (byte[] Bytes, CaptureHeader Header) Encode(CaptureHeader header, byte[]? rejections, IReadOnlyList<byte[]> frames)
    {
        // An offset's digits are part of the header whose length it depends on: laid out again until it stands still.
        var start = 0L;
        while (true)
        {
            var laid = LayOut(header, start, rejections, frames);
            var json = laid.ToJson();
            var end = Magic.Length + 4L + json.Length;
            if (end == start)
            {
                var bytes = new byte[start + (rejections?.Length ?? 0) + frames.Sum(f => (long)f.Length)];
                Magic.CopyTo(bytes);
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Magic.Length), json.Length);
                json.CopyTo(bytes, Magic.Length + 4);
                var at = start;
                foreach (var block in frames.Prepend(rejections ?? []))
                {
                    block.CopyTo(bytes, at);
                    at += block.Length;
                }
                return (bytes, laid);
            }
            start = Math.Max(start + 1, end);
        }
    }

    /// <summary>The header of a whole capture or of its beginning.</summary>
    /// <param name="origin">The object's name, for messages.</param>
    /// <exception cref="InvalidDataException">Not a capture, or cut.</exception>
    /// <exception cref="PipelineException">78: of a later version.</exception>
    public static CaptureHeader DecodeHeader(ReadOnlySpan<byte> bytes, string origin)
    {
        var length = HeaderLength(bytes, origin);
        if (bytes.Length < length)
        {
            throw new InvalidDataException($"capture {origin}: {bytes.Length} bytes, its header alone ends at {length}. The object is cut; restore it.");
        }
        try
        {
            var header = CaptureHeader.FromJson(bytes[(Magic.Length + 4)..length]);
            if (header.Version > CaptureHeader.CurrentVersion)
            {
                throw Later(origin, header.Version, null);
            }
            if (header.Version < 1)
            {
                throw new InvalidDataException($"capture {origin}: version {header.Version}, which never was. The object is damaged; restore it.");
            }
            // Sums and dates are text until they are used: what cannot be read is found here, not in the middle of a fold.
            foreach (var frame in header.Frames)
            {
                _ = frame.Sums;
                _ = frame.Dates.Keys.Select(UtcDay.Parse).LastOrDefault();
            }
            return header;
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException)
        {
            // A later version may have given any other member another shape.
            throw LaterVersion.Of(bytes[(Magic.Length + 4)..length].ToArray(), CaptureHeader.CurrentVersion) is { } version ? Later(origin, version, e)
                : new InvalidDataException($"capture {origin}: its header is not what docs/storage-format.md says ({e.GetType().Name}).", e);
        }
    }

    /// <summary>How many bytes from the start hold the whole header; needs the first 13 bytes.</summary>
    public static int HeaderLength(ReadOnlySpan<byte> bytes, string origin)
    {
        if (bytes.Length >= Magic.Length && bytes.StartsWith("CAPTURE"u8) && bytes[7] is > (byte)'1' and <= (byte)'9' && bytes[8] == '\n')
        {
            throw Later(origin, bytes[7] - '0', null);
        }
        if (bytes.Length < Magic.Length + 4 || !bytes.StartsWith(Magic))
        {
            throw new InvalidDataException($"capture {origin}: does not begin with CAPTURE1. It is no capture of this program or was damaged.");
        }
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[Magic.Length..]);
        if (length is <= 0 or > 64 << 20)
        {
            throw new InvalidDataException($"capture {origin}: header length {length} is impossible. The object is damaged; restore it.");
        }
        return Magic.Length + 4 + length;
    }

    /// <summary>Where the last of its blocks ends: how many bytes the capture has.</summary>
    public static long LengthOf(CaptureHeader header, ReadOnlySpan<byte> bytes, string origin) =>
        header.Frames.Select(frame => frame.Offset + frame.Length).Append(header.Rejections is { } runs ? runs.Offset + runs.Length : 0).Append(HeaderLength(bytes, origin)).Max();

    /// <summary>The bytes that the header gives a block.</summary>
    public static ReadOnlyMemory<byte> Block(ReadOnlyMemory<byte> capture, long offset, int length, string origin)
    {
        if (offset < 0 || length < 0 || offset + length > capture.Length)
        {
            throw new InvalidDataException($"capture {origin}: {capture.Length} bytes, a block lies at {offset}+{length}. The object is cut; restore it.");
        }
        return capture.Slice((int)offset, length);
    }

    private static PipelineException Later(string origin, long version, Exception? inner) => LaterVersion.Stop($"capture {origin}", $"it is of version {version}", CaptureHeader.CurrentVersion, inner);

    private static CaptureHeader LayOut(CaptureHeader header, long start, byte[]? rejections, IReadOnlyList<byte[]> frames)
    {
        var at = start + (rejections?.Length ?? 0);
        var entries = new List<FrameEntry>(frames.Count);
        for (var i = 0; i < frames.Count; i++)
        {
            entries.Add(header.Frames[i] with { Offset = at, Length = frames[i].Length });
            at += frames[i].Length;
        }
        return header with { Rejections = rejections is { Length: > 0 } ? new ByteRange(start, rejections.Length) : null, Frames = entries };
    }
}
