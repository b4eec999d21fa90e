using System.Buffers.Text;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// Which rows were read: a service writes its members always in the same order, with the same signs between. A row that differs from an
/// earlier one by its texts and numbers only is well-formed as that one was, and has what
/// is looked for in the same places: comparing what stands between the values takes a fifth of the time of reading it. Any other row is
/// read by <see cref="JsonCursor"/>, and its layout is known from then on.
/// Layouts hold names and signs, never a value. Of one thread at a time.
/// </summary>
internal sealed class JsonLayouts(JsonNames names, int slots)
{
    /// <summary>The most layouts that are learned before all are forgotten: rows of which each has its own do not cost more and
    /// more.</summary>
    private const int Most = 32;

    private const int MaxValues = 64, MaxBytes = 4096;

    private readonly JsonMember[] _values = new JsonMember[MaxValues + 1];
    private JsonStep? _first;
    private int _tries;

    /// <summary>A block begins.</summary>
    public void Begin()
    {
        if (_tries == Most)
        {
            (_first, _tries) = (null, 0);
        }
    }

    /// <summary>Fills the members from a row of a known layout; false when its layout is not known, or it is no JSON.</summary>
    /// <param name="scratch">At least as long as the row.</param>
    public bool TryRead(ReadOnlySpan<byte> row, Span<JsonMember> members, Span<byte> scratch)
    {
        var values = _values;
        var (at, count) = (0, 0);
        for (var step = _first; step is not null;)
        {
            if (!row[at..].StartsWith(step.Literal) || !TryValue(step, row, at + step.Literal.Length, out values[count]))
            {
                step = step.Other;
                continue;
            }
            if (step.Token == JsonToken.End)
            {
                Fill(step.Slots, row, members, scratch);
                return true;
            }
            at = values[count].At + values[count].Length;
            count++;
            step = step.Then;
        }
        return false;
    }

    /// <summary>Whether the step's value is there. How a text ends is seen by the next step, which begins with its quote.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryValue(JsonStep step, ReadOnlySpan<byte> row, int at, out JsonMember value)
    {
        value = default;
        int end;
        switch (step.Token)
        {
            case JsonToken.Text:
                end = JsonCursor.EndOfText(row, at, out value.InScratch);
                value.Kind = JsonKind.Text;
                break;
            case JsonToken.PlainText:
                end = JsonCursor.Stop(row, at);
                value.Kind = JsonKind.Text;
                break;
            case JsonToken.Number:
                end = JsonCursor.EndOfNumber(row, at);
                value.Kind = JsonKind.Number;
                break;
            default:
                return at == row.Length;
        }
        (value.At, value.Length) = (at, end - at);
        return end >= 0;
    }

    private void Fill(JsonSlot[] slots, ReadOnlySpan<byte> row, Span<JsonMember> members, Span<byte> scratch)
    {
        var used = 0;
        for (var slot = 0; slot < slots.Length; slot++)
        {
            var (kind, number) = slots[slot];
            ref var member = ref members[slot];
            member = number < 0 ? new JsonMember { Kind = kind } : _values[number];
            if (member.InScratch)
            {
                member.Length = JsonEscapes.Undo(row.Slice(member.At, member.Length), scratch[used..]);
                member.At = used;
                used += member.Length;
            }
        }
    }

    /// <summary>Makes a row's layout known, if it is one of few values.</summary>
    /// <param name="row">Well-formed, and no envelope.</param>
    /// <param name="members">What was found in it.</param>
    /// <param name="text">Where the string begins that is a JSON text itself; −1 when there is none.</param>
    public void Learn(ReadOnlySpan<byte> row, ReadOnlySpan<JsonMember> members, int text)
    {
        // 1. Where its values are.
        if (_tries == Most || JsonStep.Cut(row, text, MaxValues, MaxBytes) is not { } steps)
        {
            return;
        }
        _tries++;
        if (Slots(steps) is not { } slots)
        {
            return;
        }
        for (var slot = 0; slot < slots.Length; slot++)
        {
            if (slots[slot].Kind != members[slot].Kind)
            {
                return;
            }
        }

        // 2. Into the tree, as far as it is not there.
        ref var place = ref _first;
        foreach (var step in steps)
        {
            while (place is not null && (place.Token != step.Token || !place.Literal.AsSpan().SequenceEqual(step.Literal)))
            {
                place = ref place.Other;
            }
            place ??= step;
            place.Slots = step.Token == JsonToken.End ? slots : [];
            place = ref place.Then;
        }
    }

    /// <summary>Which value goes to which slot: what is read from the same row with each value's number in its place. Null when that says
    /// nothing.</summary>
    private JsonSlot[]? Slots(List<JsonStep> steps)
    {
        var numbered = new List<byte>();
        for (var number = 0; number < steps.Count; number++)
        {
            numbered.AddRange(steps[number].Literal);
            if (steps[number].Token != JsonToken.End)
            {
                numbered.AddRange(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
            }
        }
        var record = new JsonRecord(names, numbered.ToArray(), new JsonMember[slots], new byte[2 * numbered.Count]);
        if (!record.TryRead())
        {
            return null;
        }
        var found = new JsonSlot[slots];
        for (var slot = 0; slot < slots; slot++)
        {
            var (kind, number) = (record.Kind(slot), -1);
            if (kind is JsonKind.Text or JsonKind.Number && !Utf8Parser.TryParse(record.Text(slot), out number, out _))
            {
                return null;
            }
            found[slot] = new JsonSlot(kind, number);
        }
        return found;
    }
}
