using System.Buffers.Binary;
using System.Text;
using Pipeline.Core.Captures;

namespace Pipeline.Tests.Unit.Captures;

/// <summary>Captures as 0.1.0 wrote them: no code, no hash of the blocks.</summary>
internal static class FirstVersion
{
    public static byte[] Of(Capture capture)
    {
        var body = capture.Bytes.Span[CaptureFile.HeaderLength(capture.Bytes.Span, "")..];
        var header = capture.Header with { Version = 1, Body = null };
        // Until the offsets, which count the header, stand still.
        for (var start = 0L; ;)
        {
            var json = header.ToJson();
            var shift = 13 + json.Length - start - (capture.Bytes.Length - body.Length - start);
            var moved = capture.Header with
            {
                Version = 1, Body = null,
                Rejections = capture.Header.Rejections is { } runs ? runs with { Offset = runs.Offset + shift } : null,
                Frames = [.. capture.Header.Frames.Select(f => f with { Offset = f.Offset + shift })],
            };
            if (moved.ToJson().Length == json.Length)
            {
                json = moved.ToJson();
                var length = new byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(length, json.Length);
                return [.. Encoding.ASCII.GetBytes("CAPTURE1\n"), .. length, .. json, .. body];
            }
            (header, start) = (moved, start + 1);
        }
    }
}
