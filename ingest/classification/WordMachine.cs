using System.Buffers;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// Finds all words of all terms in one pass over a text (Aho–Corasick): a table lookup for each byte, however many words there are, and no
/// allocation. A word has a bit, that of its term.
/// Immutable after it is made.
/// </summary>
internal sealed class WordMachine
{
    // A state's row has a place for every class of bytes: those that no word has, the two ends, and each byte that some word has. Letters
    // of both cases are one class, a blank and + too.
    private const int Row = 64, Rest = 0, Begin = 1, End = 2, Begins = 1, LongestWord = Term.Tail - 1;

    private readonly byte[] _classes = new byte[256];

    /// <summary>The next state's row, by row and class: its number is multiplied here and not for each byte, for which the next one
    /// waits.</summary>
    private readonly int[] _next;
    private readonly ulong[] _found;
    private readonly int _anchored;

    /// <param name="words">Each with its bits.</param>
    public WordMachine(IEnumerable<(string Word, ulong Bits)> words)
    {
        // Words that begin with their text come first, so that their states are the lowest numbers: see Named.
        var all = words.OrderBy(word => word.Word.StartsWith('^') ? 0 : 1)
            .Select(word => (Anchored: word.Word.StartsWith('^'), Classes: Classes(word.Word), word.Bits)).ToList();
        var states = new List<ushort[]> { new ushort[Row], new ushort[Row] };
        var found = new List<ulong> { 0, 0 };
        states[0][Begin] = 1;
        foreach (var (anchored, classes, bits) in all)
        {
            var at = 0;
            foreach (var c in classes)
            {
                if (states[at][c] == 0)
                {
                    states[at][c] = checked((ushort)states.Count);
                    states.Add(new ushort[Row]);
                    found.Add(0);
                }
                at = states[at][c];
            }
            found[at] |= bits;
            _anchored = anchored ? states.Count - 1 : _anchored;
        }
        Link(states, found);
        _next = [.. states.SelectMany(row => row).Select(state => state * Row)];
        _found = [.. found];
    }

    /// <summary>The bits of the words in a text. Of a long one the beginning and the end are looked at.</summary>
    public ulong Scan(ReadOnlySpan<byte> text) =>
        text.Length <= Term.Most ? Run(Begins, text, ended: true) : Run(Begins, text[..Term.Most], ended: false) | Run(0,
            text[^Term.Tail..], ended: true);

    /// <summary>The same, of a text in which all words that may stand anywhere have one of these bytes: where none of them is there only
    /// the beginning is read.</summary>
    public ulong Named(ReadOnlySpan<byte> text, SearchValues<byte> signs)
    {
        if (text.Length <= Term.Most ? text.ContainsAny(signs) : text[..Term.Most].ContainsAny(signs)
            || text[^Term.Tail..].ContainsAny(signs))
        {
            return Scan(text);
        }
        var (row, bits) = (Begins * Row, 0UL);
        foreach (var b in text)
        {
            row = _next[row + _classes[b]];
            if ((uint)(row / Row - 1) >= (uint)_anchored)
            {
                return bits;
            }
            bits |= _found[row / Row];
        }
        return bits | _found[_next[row + End] / Row];
    }

    private ulong Run(int state, ReadOnlySpan<byte> text, bool ended)
    {
        var (next, found, classes) = (_next, _found, _classes);
        var (row, bits) = (state * Row, 0UL);
        foreach (var b in text)
        {
            row = next[row + classes[b]];
            bits |= found[(uint)row / Row];
        }
        return ended ? bits | found[next[row + End] / Row] : bits;
    }

    private List<byte> Classes(string word)
    {
        var (from, to) = (word.StartsWith('^') ? 1 : 0, word.Length - (word.EndsWith('$') ? 1 : 0));
        if (to - from > LongestWord)
        {
            throw new InvalidOperationException($"the word '{word}' has more than {LongestWord} bytes");
        }
        var classes = new List<byte>();
        if (from == 1)
        {
            classes.Add(Begin);
        }
        classes.AddRange(word[from..to].Select(Class));
        if (to < word.Length)
        {
            classes.Add(End);
        }
        return classes;
    }

    private byte Class(char c)
    {
        c = c == '+' ? ' ' : char.ToLowerInvariant(c);
        if (c > 0x7f)
        {
            throw new InvalidOperationException("a word has only ASCII");
        }
        if (_classes[c] == Rest)
        {
            var kind = (byte)(Math.Max((byte)End, _classes.Max()) + 1);
            _classes[c] = kind < Row ? kind : throw new InvalidOperationException($"words have more than {Row} different bytes");
            _classes[char.ToUpperInvariant(c)] = kind;
            _classes['+'] = _classes[' '];
        }
        return _classes[c];
    }

    /// <summary>Gives every state a successor for every class, that of the longest end of its text that begins a word, and the bits of the
    /// words that end there too.</summary>
    private static void Link(List<ushort[]> states, List<ulong> found)
    {
        var fails = new int[states.Count];
        var queue = new Queue<int>(states[0].Where(child => child != 0).Select(child => (int)child));
        while (queue.TryDequeue(out var state))
        {
            found[state] |= found[fails[state]];
            for (var c = 0; c < Row; c++)
            {
                var child = states[state][c];
                var other = states[fails[state]][c];
                if (child == 0)
                {
                    states[state][c] = other;
                }
                else
                {
                    fails[child] = other;
                    queue.Enqueue(child);
                }
            }
        }
    }
}
