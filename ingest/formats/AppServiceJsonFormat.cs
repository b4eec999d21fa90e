using System.Buffers;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// AppServiceHTTPLogs of Azure's diagnostic settings: one JSON object a line. An array, or an envelope `{"records":[…]}`, that stands whole on one physical line counts element by element,
/// an empty one as no line at all; anything else that is not such an object, blanks between objects too, is one malformed line (rule 29).
/// Missing values are "-", "--", "" or null.
/// </summary>
public sealed class AppServiceJsonFormat : ILineFormat
{
    /// <summary>A line's strings unescaped, and those in its `properties` string once more: each at most as long as the line.</summary>
    private const int Scratch = 2 * LineReader.MaxLine;

    public string Name => "appservice-json";

    public bool IsDirective(ReadOnlySpan<byte> line) => false;

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<byte> address = stackalloc byte[ClientAddress.MaxLength];
        var scratch = ArrayPool<byte>.Shared.Rent(Scratch);
        var clock = new IsoClock();
        var lines = new LineReader(block);
        while (lines.Next(out var line))
        {
            into.NextLine();
            if (lines.Refuses(line, out var reason))
            {
                into.Reject(reason);
                continue;
            }
            var json = new JsonCursor(line);
            if (json.Peek() == '[')
            {
                Elements(line, address, scratch, ref clock, into);
                continue;
            }
            var record = new AppServiceRecord(scratch);
            if (!record.TryRead(ref json) || !json.AtEnd())
            {
                into.Reject(Reason.Malformed);
            }
            else if (record.IsEnvelope)
            {
                Elements(record.Records, address, scratch, ref clock, into);
            }
            else
            {
                Take(record, address, ref clock, into);
            }
        }
        ArrayPool<byte>.Shared.Return(scratch);
        return null;
    }

    private static void Elements(ReadOnlySpan<byte> array, Span<byte> address, byte[] scratch, ref IsoClock clock, ParsedLines into)
    {
        // 1. Whole, or nothing of it: a cut envelope is one malformed line.
        var whole = new JsonCursor(array);
        if (!whole.TrySkip() || !whole.AtEnd())
        {
            into.Reject(Reason.Malformed);
            return;
        }

        // 2. Element by element; brackets and commas are known to be right.
        var json = new JsonCursor(array);
        json.TryTake((byte)'[');
        while (!json.TryTake((byte)']'))
        {
            var start = json.At;
            var isObject = json.Peek() == '{';
            json.TrySkip();
            var element = new JsonCursor(json.Since(start));
            var record = new AppServiceRecord(scratch);
            if (isObject && record.TryRead(ref element))
            {
                Take(record, address, ref clock, into);
            }
            else
            {
                into.Reject(Reason.Malformed);
            }
            json.TryTake((byte)',');
        }
    }

    private static void Take(scoped in AppServiceRecord record, Span<byte> address, ref IsoClock clock, ParsedLines into)
    {
        var request = new Request();
        if (!record.HasShape || record.Stem.Text.IsEmpty || record.Method.Text.IsEmpty || !ClientAddress.TryNormalise(record.Address.Text, address, out request.Address))
        {
            into.Reject(Reason.Malformed);
            return;
        }
        if (!clock.TryRead(record.Time.Text, out request.Micros))
        {
            into.Reject(Reason.BadTime);
            return;
        }
        request.Method = record.Method.Text;
        request.Path = record.Stem.Text;
        request.Query = record.Query.Text;
        request.Agent = record.Agent.Text.SequenceEqual("--"u8) ? default : record.Agent.Text;
        Minimiser.Take(request, into);
    }
}
