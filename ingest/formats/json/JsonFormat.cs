using System.Buffers;
using System.Collections.Concurrent;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// What the JSON formats share: one object is one line. An array, or an envelope `{"records":[…]}`, that stands whole on one physical line
/// counts element by element,
/// an empty one as no line at all; anything else that is not such an object, blanks between objects too, is one malformed line (rule 29).
/// A format says which members it looks for, and what a row of them is. Nothing is allocated for a line.
/// </summary>
public abstract class JsonFormat : ILineFormat
{
    /// <summary>A line's strings unescaped, and those in a JSON text in a string once more: each at most as long as the line.</summary>
    private const int Scratch = 2 * LineReader.MaxLine;

    /// <summary>Slot 0 is the envelope's `records`, slot 1 what no envelope has beside them.</summary>
    internal const int Records = 0;

    private protected const int Row = 1, First = 2;

    private readonly JsonNames _names;
    private readonly int _slots;

    /// <summary>What is known of rows goes from block to block, and changes no outcome; a block takes one for itself.</summary>
    private readonly ConcurrentBag<JsonLayouts> _layouts = [];

    private protected JsonFormat(string name, JsonNames names, int slots)
    {
        Name = name;
        (_names, _slots) = (names, slots);
    }

    public string Name { get; }

    public virtual int Version => 1;

    public bool IsJson => true;

    /// <summary>Null: the peer is the client.</summary>
    internal ClientAddressRule? Client { get; private protected init; }

    public bool IsDirective(ReadOnlySpan<byte> line) => false;

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<JsonMember> members = stackalloc JsonMember[_slots];
        var scratch = ArrayPool<byte>.Shared.Rent(Scratch);
        var layouts = _layouts.TryTake(out var known) ? known : new JsonLayouts(_names, _slots);
        layouts.Begin();
        var work = new JsonWork(stackalloc byte[2 * ClientAddress.MaxLength]);
        var lines = new LineReader(block);
        while (lines.Next(out var line))
        {
            into.NextLine();
            if (lines.Refuses(line, out var reason))
            {
                into.Reject(reason);
                continue;
            }
            if (new JsonCursor(line).Peek() == '[')
            {
                Elements(line, members, scratch, layouts, ref work, into);
                continue;
            }
            var record = new JsonRecord(_names, line, members, scratch);
            if (!record.TryRead(layouts))
            {
                into.Reject(Reason.Malformed);
            }
            else if (record.Kind(Records) == JsonKind.Array && record.Kind(Row) != JsonKind.Object)
            {
                Elements(record.Text(Records), members, scratch, layouts, ref work, into);
            }
            else
            {
                Take(record, ref work, into);
            }
        }
        ArrayPool<byte>.Shared.Return(scratch);
        _layouts.Add(layouts);
        return null;
    }

    /// <summary>What the row is that the record holds: its reasons in the order of <see cref="Reason"/>, then the minimiser's.</summary>
    private protected abstract void Take(scoped in JsonRecord record, scoped ref JsonWork work, ParsedLines into);

    private void Elements(ReadOnlySpan<byte> array, Span<JsonMember> members, byte[] scratch, JsonLayouts layouts, scoped ref JsonWork work,
        ParsedLines into)
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
            var isObject = json.Peek() == '{';
            var start = json.At;
            json.TrySkip();
            var record = new JsonRecord(_names, json.Since(start), members, scratch);
            if (isObject && record.TryRead(layouts))
            {
                Take(record, ref work, into);
            }
            else
            {
                into.Reject(Reason.Malformed);
            }
            json.TryTake((byte)',');
        }
    }

    /// <summary>Path and query of a URL, absolute or from its slash on; false where it has none.</summary>
    private protected static bool TryTarget(ReadOnlySpan<byte> uri, scoped ref Request request)
    {
        if (uri.IsEmpty)
        {
            return false;
        }
        LogRequest.Target(uri, ref request);
        return true;
    }
}

/// <summary>What a block's rows need one after the other.</summary>
internal ref struct JsonWork(Span<byte> addresses)
{
    /// <summary>For the peer's address, and for the client's behind it.</summary>
    public readonly Span<byte> Peer = addresses[..ClientAddress.MaxLength], Behind = addresses[ClientAddress.MaxLength..];

    public IsoClock Clock;
}
