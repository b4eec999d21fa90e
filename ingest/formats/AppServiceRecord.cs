using System.Runtime.CompilerServices;
using System.Text;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// The needed members of one AppServiceHTTPLogs object, in any order. `properties` is an object (Windows) or a JSON text in a string (Linux).
/// Names that differ by case only occur side by side: the exact name wins, among equals the last, as with most readers of JSON.
/// </summary>
internal ref struct AppServiceRecord(Span<byte> scratch)
{
    private Span<byte> _scratch = scratch;
    private bool _hasProperties;

    public Member Time, Method, Stem, Query, Address, Agent;

    /// <summary>The text of `records`, when it is an array, and there are no properties beside it: an envelope.</summary>
    public ReadOnlySpan<byte> Records { get; private set; }

    public readonly bool HasShape => _hasProperties && Time.Seen && Method.IsText && Stem.IsText && Address.IsText && (Query.IsText || Query.IsMissing) && (Agent.IsText || Agent.IsMissing);

    public readonly bool IsEnvelope => !_hasProperties && !Records.IsEmpty;

    /// <summary>Reads the object at the cursor; false when it is no JSON.</summary>
    public bool TryRead(ref JsonCursor json)
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
            var name = Plain(raw, escaped);
            bool read;
            if (name.Length == 4 && Ascii.EqualsIgnoreCase(name, "time"u8))
            {
                read = TryMember(ref json, name.SequenceEqual("time"u8), ref Time);
            }
            else if (name.Length == 10 && Ascii.EqualsIgnoreCase(name, "properties"u8))
            {
                read = TryProperties(ref json);
            }
            else if (name.Length == 7 && Ascii.EqualsIgnoreCase(name, "records"u8) && json.Peek() == '[')
            {
                var start = json.At;
                read = json.TrySkip();
                Records = json.Since(start);
            }
            else
            {
                read = json.TrySkip();
            }
            if (!read)
            {
                return false;
            }
        }
        return false;
    }

    private bool TryProperties(ref JsonCursor json)
    {
        switch (json.Peek())
        {
            case (byte)'{':
                return TryPropertiesObject(ref json);
            case (byte)'"':
                if (!json.TryString(out var raw, out var escaped))
                {
                    return false;
                }
                var inner = new JsonCursor(Plain(raw, escaped));
                return TryPropertiesObject(ref inner) && inner.AtEnd();
            default:
                return json.TrySkip();
        }
    }

    private bool TryPropertiesObject(ref JsonCursor json)
    {
        _hasProperties = true;
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
            var name = Plain(raw, escaped);
            var read = name.Length switch
            {
                3 when Ascii.EqualsIgnoreCase(name, "CIp"u8) => TryMember(ref json, name.SequenceEqual("CIp"u8), ref Address),
                8 when Ascii.EqualsIgnoreCase(name, "CsMethod"u8) => TryMember(ref json, name.SequenceEqual("CsMethod"u8), ref Method),
                9 when Ascii.EqualsIgnoreCase(name, "CsUriStem"u8) => TryMember(ref json, name.SequenceEqual("CsUriStem"u8), ref Stem),
                9 when Ascii.EqualsIgnoreCase(name, "UserAgent"u8) => TryMember(ref json, name.SequenceEqual("UserAgent"u8), ref Agent),
                10 when Ascii.EqualsIgnoreCase(name, "CsUriQuery"u8) => TryMember(ref json, name.SequenceEqual("CsUriQuery"u8), ref Query),
                _ => json.Peek() == '"' ? json.TryString(out _, out _) : json.TrySkip(),
            };
            if (!read)
            {
                return false;
            }
        }
        return false;
    }

    private bool TryMember(ref JsonCursor json, bool exact, ref Member member)
    {
        var isText = json.Peek() == '"';
        var isNull = json.Peek() == 'n';
        ReadOnlySpan<byte> text = default;
        if (isText)
        {
            if (!json.TryString(out var raw, out var escaped))
            {
                return false;
            }
            text = Plain(raw, escaped);
        }
        else if (!json.TrySkip())
        {
            return false;
        }
        if (exact || !member.IsExact)
        {
            member = new Member { Seen = true, IsExact = exact, IsText = isText, IsNull = isNull, Text = text };
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Plain(ReadOnlySpan<byte> raw, bool escaped) => escaped ? Unescape(raw) : raw;

    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> raw)
    {
        var length = JsonEscapes.Undo(raw, _scratch);
        var plain = _scratch[..length];
        _scratch = _scratch[length..];
        return plain;
    }

    public ref struct Member
    {
        public bool Seen, IsExact, IsText, IsNull;
        public ReadOnlySpan<byte> Text;

        public readonly bool IsMissing => !Seen || IsNull;
    }
}
