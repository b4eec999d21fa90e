using System.Text;

namespace Pipeline.Processor.Installs;

/// <summary>The versions that a table has, numbered in the order in which they are met.</summary>
internal sealed class VersionIndex
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Names => _names;

    /// <param name="version">UTF-8.</param>
    public int Of(ReadOnlySpan<byte> version)
    {
        Span<char> text = stackalloc char[64];
        ReadOnlySpan<char> name = Encoding.UTF8.TryGetChars(version, text, out var length) ? text[..length]
            : Encoding.UTF8.GetString(version);
        var known = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!known.TryGetValue(name, out var number))
        {
            number = _names.Count;
            _names.Add(name.ToString());
            known[name] = number;
        }
        return number;
    }
}
