using System.Text.RegularExpressions;

namespace Pipeline.Ingest.Classification;

/// <summary>What words cannot say of a path or an agent string. Each has its implementation in <see cref="Classifier"/> and its meaning, as
/// a regular expression, in <see cref="Grammars"/>.</summary>
public enum Grammar : byte
{
    /// <summary>Paths.</summary>
    XenCenterFile, AgentList,

    /// <summary>Agent strings.</summary>
    Nameless, XenCenter, Unbranded, XenCenterName, PowerShell,
}

/// <summary>The grammars as text: what documents show, and what tests compare the program with.</summary>
public static partial class Grammars
{
    public static Regex Pattern(Grammar grammar) => grammar switch
    {
        Grammar.XenCenterFile => XenCenterFile(),
        Grammar.AgentList => AgentList(),
        Grammar.Nameless => Nameless(),
        Grammar.XenCenter => XenCenter(),
        Grammar.Unbranded => Unbranded(),
        Grammar.XenCenterName => XenCenterName(),
        Grammar.PowerShell => PowerShell(),
        _ => throw new ArgumentOutOfRangeException(nameof(grammar)),
    };

    public static string Says(Grammar grammar) => grammar switch
    {
        Grammar.XenCenterFile => "XenCenter's update file, in any folder and any case",
        Grammar.AgentList => "the agents' list, in any folder and any case",
        Grammar.Nameless => "no agent string",
        Grammar.XenCenter => "`XenCenter/` with four numbers and the word size",
        Grammar.Unbranded => "`[XenCenter]/` with four numbers and the word size",
        Grammar.XenCenterName => "XenCenter by its name, whatever follows",
        Grammar.PowerShell => "a PowerShell of any system",
        _ => throw new ArgumentOutOfRangeException(nameof(grammar)),
    };

    [GeneratedRegex(@"/(?:xc|chc)?updates\.xml\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex XenCenterFile();

    [GeneratedRegex(@"/updates\.(?:(?:v?2|latest|[0-9]+(?:\.[0-9]+){2,3})\.)?(?:tsv|json)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AgentList();

    [GeneratedRegex(@"\A-?\z")]
    private static partial Regex Nameless();

    [GeneratedRegex(@"\AXenCenter/[0-9]{1,9}(?:\.[0-9]{1,9}){3}[ +]\((?:32|64)-bit\)\z")]
    private static partial Regex XenCenter();

    [GeneratedRegex(@"\A\[XenCenter\]/[0-9]{1,9}(?:\.[0-9]{1,9}){3}[ +]\((?:32|64)-bit\)\z")]
    private static partial Regex Unbranded();

    [GeneratedRegex(@"\A(?:XenCenter|\[XenCenter\])/")]
    private static partial Regex XenCenterName();

    [GeneratedRegex("PowerShell/")]
    private static partial Regex PowerShell();
}

/// <summary>
/// What a part of a request must be: of one of some grammars, or have one of some words. A word is found in the text in any case, + and a
/// blank being one (W3C logs write + for a blank); `^` at its beginning means
/// that the text begins with it, `$` at its end that the text ends with it. Of a text over <see cref="Most"/> bytes its first
/// <see cref="Most"/> and its last <see cref="Tail"/> are looked at: time is bounded.
/// </summary>
public sealed class Term
{
    public const int Most = 256, Tail = 64;

    private Term(IReadOnlyList<Grammar> grammars, IReadOnlyList<string> words) => (Grammars, Words) = (grammars, words);

    /// <summary>Whatever it is.</summary>
    public static Term Any { get; } = new([], []);

    public IReadOnlyList<Grammar> Grammars { get; }

    public IReadOnlyList<string> Words { get; }

    public static Term Of(params string[] words) => new([], words);

    public static Term Of(Grammar grammar, params string[] words) => new([grammar], words);

    public static Term OneOf(params Grammar[] grammars) => new(grammars, []);
}
