using System.Runtime.CompilerServices;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>What the value of a member is; of text and numbers, where it lies.</summary>
internal enum JsonKind : byte { Missing, Null, Text, Number, True, False, Array, Object }

/// <summary>One slot of <see cref="JsonRecord"/>: a place in the line, or in its scratch memory.</summary>
internal struct JsonMember
{
    public JsonKind Kind;
    public bool IsExact, InScratch;
    public int At, Length;
}

/// <summary>
/// The needed members of one JSON object, in any order: read once from front to end, without allocating. It lives as long as its line.
/// Names that differ by case only occur side by side: the exact name wins, among equals the last, as with most readers of JSON.
/// </summary>
internal ref struct JsonRecord(JsonNames names, ReadOnlySpan<byte> text, Span<JsonMember> members, Span<byte> scratch)
{
    private readonly JsonNames _names = names;
    private readonly ReadOnlySpan<byte> _text = text;
    private readonly Span<JsonMember> _members = members;
    private readonly Span<byte> _scratch = scratch;
    private int _used;

    /// <summary>Where the string begins that was read as a JSON text; −1 when none was.</summary>
    private int _textAt = -1;

    public readonly JsonKind Kind(int slot) => _members[slot].Kind;

    public readonly bool IsText(int slot) => _members[slot].Kind == JsonKind.Text;

    /// <summary>Absent or null.</summary>
    public readonly bool IsMissing(int slot) => _members[slot].Kind <= JsonKind.Null;

    public readonly bool IsTextOrMissing(int slot) => _members[slot].Kind <= JsonKind.Text;

    /// <summary>A text without its escapes; a number, array or object as it stands; empty for all others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ReadOnlySpan<byte> Text(int slot)
    {
        ref readonly var member = ref _members[slot];
        return (member.InScratch ? _scratch : _text).Slice(member.At, member.Length);
    }

    /// <summary>The same by a layout that is known. Of another row the layout is known afterwards.</summary>
    public bool TryRead(JsonLayouts layouts)
    {
        if (layouts.TryRead(_text, _members, _scratch))
        {
            return true;
        }
        if (!TryRead())
        {
            return false;
        }
        if (_members[JsonFormat.Records].Kind != JsonKind.Array)
        {
            layouts.Learn(_text, _members, _textAt);
        }
        return true;
    }

    /// <summary>Reads the object that the text begins with; false when it is no JSON, or something stands behind it.</summary>
    public bool TryRead()
    {
        _members.Clear();
        var json = new JsonCursor(_text);
        return TryObject(ref json, _names, 0, false) && json.AtEnd();
    }

    /// <param name="from">Where the cursor's text begins, in the line or in the scratch memory.</param>
    private bool TryObject(scoped ref JsonCursor json, JsonNames names, int from, bool inScratch)
    {
        if (!json.TryTake((byte)'{'))
        {
            return false;
        }
        for (var first = true; json.TryName(ref first, out var raw, out var escaped, out var end);)
        {
            if (end)
            {
                return true;
            }
            if (escaped)
            {
                raw = Unescaped(raw);
            }
            var known = names.Find(raw, out var exact);
            if (!(known is null ? TrySkip(ref json) : TryKnown(ref json, known, exact, from, inScratch)))
            {
                return false;
            }
        }
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TrySkip(scoped ref JsonCursor json) => json.Peek() == '"' ? json.TryString(out _, out _) : json.TrySkip();

    private bool TryKnown(scoped ref JsonCursor json, JsonName known, bool exact, int from, bool inScratch)
    {
        var member = new JsonMember { IsExact = exact, InScratch = inScratch };
        var first = json.Peek();
        var start = json.At;
        if (first == '"' && known.Within is { TextToo: true } text)
        {
            if (!json.TryStringInto(_scratch[_used..], out var length))
            {
                return false;
            }
            _textAt = start;
            (member.Kind, member.InScratch, member.At, member.Length) = (JsonKind.Object, true, _used, length);
            _used += length;
            var inner = new JsonCursor(_scratch.Slice(member.At, length));
            if (!TryObject(ref inner, text, member.At, true) || !inner.AtEnd())
            {
                return false;
            }
        }
        else if (first == '"')
        {
            if (!json.TryString(out var raw, out var escaped))
            {
                return false;
            }
            member.Kind = JsonKind.Text;
            if (escaped)
            {
                (member.InScratch, member.At) = (true, _used);
                member.Length = Unescaped(raw).Length;
            }
            else
            {
                (member.At, member.Length) = (from + start + 1, raw.Length);
            }
        }
        else
        {
            var read = first == '{' && known.Within is { } within ? TryObject(ref json, within, from, inScratch) : json.TrySkip();
            if (!read)
            {
                return false;
            }
            member.Kind = first switch { (byte)'{' => JsonKind.Object, (byte)'[' => JsonKind.Array, (byte)'n' => JsonKind.Null, (byte)'t' =>
                JsonKind.True, (byte)'f' => JsonKind.False, _ => JsonKind.Number };
            (member.At, member.Length) = (from + start, json.At - start);
        }
        if (known.Slot >= 0 && (exact || !_members[known.Slot].IsExact))
        {
            _members[known.Slot] = member;
        }
        return true;
    }

    private ReadOnlySpan<byte> Unescaped(ReadOnlySpan<byte> raw)
    {
        var free = _scratch[_used..];
        var length = JsonEscapes.Undo(raw, free);
        _used += length;
        return free[..length];
    }
}
