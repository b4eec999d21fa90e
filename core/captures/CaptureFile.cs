using System.Buffers.Binary;
using System.Text.Json;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// A capture's bytes (docs/storage-format.md): `CAPTURE2\n`, or `CAPTURE3\n` where files go cold or records are withdrawn, the header's
/// length (u32 LE), the 32-byte code of magic, length and header, the header (UTF-8 JSON), then
/// the blocks back to back: the rejection runs, then the frames. Version 1 has no code and no hash of its blocks.
/// </summary>
public static class CaptureFile
{
    /// <summary>
    /// The most bytes that a capture has, so that it passes Kafka at its defaults; only a single large push may exceed it.
    /// </summary>
    public const int MaxBytes = 900_000;

    /// <summary>Bytes from the start that suffice to find the end of the header.</summary>
    internal const int MinBytes = MagicLength + 4;

    private const int MagicLength = 9, Digit = 7, MaxHeader = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "CAPTURE2\n"u8;

    /// <summary>
    /// Lays the blocks out behind the header; returns the whole, and the header with offsets, lengths and the blocks' hash filled in.
    /// </summary>
    public static (byte[] Bytes, CaptureHeader Header) Encode(
        CaptureHeader header, byte[]? rejections, IReadOnlyList<byte[]> frames, CaptureKey key)
    {
        header = header with { Body = Sha256.OfBlocks(frames.Prepend(rejections ?? [])) };
        // An offset's digits are part of the header whose length it depends on: laid out again until it stands still.
        var start = 0L;
        while (true)
        {
            var laid = LayOut(header, start, rejections, frames);
            var json = laid.ToJson();
            var end = (long)MinBytes + CaptureKey.CodeLength + json.Length;
            if (end == start)
            {
                var bytes = new byte[start + (rejections?.Length ?? 0) + frames.Sum(f => (long)f.Length)];
                Magic.CopyTo(bytes);
                bytes[Digit] = (byte)('0' + header.Version);
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(MagicLength), json.Length);
                json.CopyTo(bytes, MinBytes + CaptureKey.CodeLength);
                key.Authenticate(bytes.AsSpan(0, MinBytes), json, bytes.AsSpan(MinBytes, CaptureKey.CodeLength));
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

    /// <summary>
    /// The header of a whole capture or of its beginning, as it stands: whether it is ours says <see cref="IsAuthentic"/>.
    /// </summary>
    /// <param name="origin">The object's name, for messages.</param>
    /// <exception cref="InvalidDataException">Not a capture, or cut.</exception>
    /// <exception cref="ConfigurationException">Of a later version.</exception>
    public static CaptureHeader DecodeHeader(ReadOnlySpan<byte> bytes, string origin)
    {
        var end = HeaderLength(bytes, origin);
        if (bytes.Length < end)
        {
            throw new InvalidDataException(
                $"capture {origin}: {bytes.Length} bytes, its header alone ends at {end}. The object is cut; restore it.");
        }
        var version = VersionOf(bytes);
        var json = bytes[HeaderStart(version)..end];
        try
        {
            var header = CaptureHeader.FromJson(json);
            return header.Version == version && (version == 1 || header.Body is not null)
                && version == CaptureHeader.CurrentVersion == header.NeedsCurrent ? Checked(header)
                : throw new InvalidDataException(
                    $"capture {origin}: it begins as version {version} and says version {header.Version}. The object is damaged; " +
                        $"restore it.");
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"capture {origin}: its header is not what docs/storage-format.md says ({e.GetType().Name}).",
                e);
        }
    }

    /// <summary>Whether the header was made under this key. False for version 1, which has no code.</summary>
    /// <param name="bytes">The whole capture or its beginning, with the whole header.</param>
    public static bool IsAuthentic(ReadOnlySpan<byte> bytes, CaptureKey key) =>
        IsWhole(bytes) && bytes[Digit] is (byte)'2' or (byte)'3'
        && key.IsAuthentic(bytes[..MinBytes], Json(bytes), bytes.Slice(MinBytes, CaptureKey.CodeLength));

    /// <summary>
    /// Whether it would be authentic if it said this version and this key: then it was made by this installation, and what it says instead
    /// is damage.
    /// Without this, one flipped bit would read as "upgrade" or "another key" and stop everything.
    /// </summary>
    public static bool WasAuthentic(ReadOnlySpan<byte> bytes, CaptureKey key)
    {
        if (!IsWhole(bytes))
        {
            return false;
        }
        var header = key.WithOurId(bytes[..(MinBytes + CaptureKey.CodeLength + Length(bytes))]);
        foreach (var digit in "23"u8)
        {
            header[Digit] = digit;
            if (IsAuthentic(header, key))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether the blocks are those that the header was made with. True for version 1, which does not say.</summary>
    public static bool HasBody(CaptureHeader header, ReadOnlySpan<byte> capture, string origin) =>
        header.Body is not { } body || Sha256.Of(capture[HeaderLength(capture, origin)..]) == body;

    /// <summary>How many bytes from the start hold the whole header; needs the first 13 bytes.</summary>
    public static int HeaderLength(ReadOnlySpan<byte> bytes, string origin)
    {
        var named = bytes.Length >= MinBytes && bytes.StartsWith("CAPTURE"u8) && bytes[MagicLength - 1] == '\n';
        if (named && bytes[Digit] is > (byte)'3' and <= (byte)'9')
        {
            throw LaterVersion.Stop($"capture {origin}", $"it is of version {VersionOf(bytes)}", CaptureHeader.CurrentVersion);
        }
        if (!named || bytes[Digit] is not (>= (byte)'1' and <= (byte)'3'))
        {
            throw new InvalidDataException(
                $"capture {origin}: does not begin with CAPTURE1, CAPTURE2 or CAPTURE3. It is no capture of this program or was damaged.");
        }
        var length = Length(bytes);
        if (length is <= 0 or > MaxHeader)
        {
            throw new InvalidDataException($"capture {origin}: header length {length} is impossible. The object is damaged; restore it.");
        }
        return HeaderStart(VersionOf(bytes)) + length;
    }

    /// <summary>Where the last of its blocks ends: how many bytes the capture has.</summary>
    public static long LengthOf(CaptureHeader header, ReadOnlySpan<byte> bytes, string origin) =>
        header.Frames.Select(frame => frame.Offset + frame.Length).Append(header.Rejections is { } runs ? runs.Offset + runs.Length : 0)
            .Append(HeaderLength(bytes, origin)).Max();

    /// <summary>The bytes that the header gives a block.</summary>
    public static ReadOnlyMemory<byte> Block(ReadOnlyMemory<byte> capture, long offset, int length, string origin)
    {
        if (offset < 0 || length < 0 || offset > capture.Length - length)
        {
            throw new InvalidDataException(
                $"capture {origin}: {capture.Length} bytes, a block lies at {offset}+{length}. The object is cut; restore it.");
        }
        return capture.Slice((int)offset, length);
    }

    /// <summary>
    /// Sums and dates are text until they are used: a header that cannot be used is found here, not in the middle of a fold.
    /// </summary>
    private static CaptureHeader Checked(CaptureHeader header)
    {
        foreach (var frame in header.Frames)
        {
            _ = frame.Dates.Keys.Select(UtcDay.Parse).LastOrDefault();
            // A frame without rows would move what is shipped and bring nothing.
            if (frame.Rows <= 0 || frame.Sums.Rows != frame.Rows || frame.Dates.Values.Any(day => day.Rows <= 0))
            {
                throw new FormatException("a frame without rows, or with other rows than its dates have");
            }
        }
        return header;
    }

    private static bool IsWhole(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= MinBytes && bytes.StartsWith("CAPTURE"u8) && Length(bytes) is > 0 and <= MaxHeader
        && bytes.Length >= MinBytes + CaptureKey.CodeLength + Length(bytes);

    private static ReadOnlySpan<byte> Json(ReadOnlySpan<byte> bytes) => bytes[(MinBytes + CaptureKey.CodeLength)..][..Length(bytes)];

    private static int Length(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes[MagicLength..]);

    private static int VersionOf(ReadOnlySpan<byte> bytes) => bytes[Digit] - '0';

    private static int HeaderStart(int version) => MinBytes + (version == 1 ? 0 : CaptureKey.CodeLength);

    private static CaptureHeader LayOut(CaptureHeader header, long start, byte[]? rejections, IReadOnlyList<byte[]> frames)
    {
        var at = start + (rejections?.Length ?? 0);
        var entries = new List<FrameEntry>(frames.Count);
        for (var i = 0; i < frames.Count; i++)
        {
            entries.Add(header.Frames[i] with { Offset = at, Length = frames[i].Length });
            at += frames[i].Length;
        }
        return header with { Rejections = rejections is { Length: > 0 } ? new ByteRange(start, rejections.Length)
            : null, Frames = entries };
    }
}
