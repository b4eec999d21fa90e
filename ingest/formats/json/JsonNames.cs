using System.Text;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>One member of an object that a format looks for: the slot that its value goes to, and the members within it.</summary>
internal sealed class JsonName(byte[] text, int slot, JsonNames? within, JsonName? next)
{
    public readonly byte[] Text = text;

    /// <summary>Where the value goes in <see cref="JsonRecord"/>; −1 for an object of which only the members count.</summary>
    public readonly int Slot = slot;

    public readonly JsonNames? Within = within;

    /// <summary>Another name of the same length.</summary>
    public readonly JsonName? Next = next;
}

/// <summary>
/// The members of an object that a format looks for; all others are stepped over. Made once for a format and shared by all threads.
/// Found by their length first: of a row's twenty members few have a length that is looked for.
/// </summary>
internal sealed class JsonNames
{
    /// <summary>The longest name, in bytes.</summary>
    public const int MaxLength = 64;

    private readonly JsonName?[] _byLength = new JsonName?[MaxLength + 1];

    /// <summary>Azure's services write names in several cases. Such names are compared by case last: the exact one wins.</summary>
    private readonly bool _anyCase;

    /// <param name="textToo">The object may be a JSON text in a string, as App Service's on Linux is.</param>
    public JsonNames(bool anyCase, bool textToo, params ReadOnlySpan<(string Name, int Slot, JsonNames? Within)> names)
    {
        _anyCase = anyCase;
        TextToo = textToo;
        foreach (var (name, slot, within) in names)
        {
            var text = Encoding.UTF8.GetBytes(name);
            _byLength[text.Length] = new JsonName(text, slot, within, _byLength[text.Length]);
        }
    }

    public bool TextToo { get; }

    /// <summary>Null: nobody looks for it.</summary>
    public JsonName? Find(ReadOnlySpan<byte> name, out bool exact)
    {
        exact = false;
        for (var one = name.Length <= MaxLength ? _byLength[name.Length] : null; one is not null; one = one.Next)
        {
            exact = name.SequenceEqual(one.Text);
            if (exact || (_anyCase && Ascii.EqualsIgnoreCase(name, one.Text)))
            {
                return one;
            }
        }
        return null;
    }
}
