using Pipeline.Ingest.Classification;
using Pipeline.Tests.Unit.Formats;

namespace Pipeline.Tests.Unit.Classification;

/// <summary>The table as it reads: the first rule of which every part fits, found by regular expressions and by looking for words. Slow,
/// and nothing to be clever about.</summary>
internal static class SlowRules
{
    public static Rule Find(string path, string query, string method, string agent) => RuleTable.All.First(rule =>
        Fits(rule.Path, path) && Fits(rule.Query, query) && Fits(rule.Agent, agent)
            && rule.Methods.HasFlag(method switch { "GET" => Methods.Get, "HEAD" => Methods.Head, "POST" => Methods.Post, _ =>
            Methods.Other }));

    private static bool Fits(Term term, string text) =>
        term == Term.Any || term.Grammars.Any(grammar => Grammars.Pattern(grammar).IsMatch(text))
            || term.Words.Any(word => Has(text, word));

    private static bool Has(string text, string word)
    {
        text = text.Replace('+', ' ');
        var (head, tail) = text.Length <= Term.Most ? (text, text) : (text[..Term.Most], text[^Term.Tail..]);
        var (begins, ends, bare) = (word.StartsWith('^'), word.EndsWith('$'), word.TrimStart('^').TrimEnd('$').Replace('+', ' '));
        return (begins, ends) switch
        {
            (true, true) => text.Length <= Term.Most && text.Equals(bare, StringComparison.OrdinalIgnoreCase),
            (true, false) => head.StartsWith(bare, StringComparison.OrdinalIgnoreCase),
            (false, true) => tail.EndsWith(bare, StringComparison.OrdinalIgnoreCase),
            _ => head.Contains(bare, StringComparison.OrdinalIgnoreCase) || tail.Contains(bare, StringComparison.OrdinalIgnoreCase),
        };
    }

    /// <summary>What the program finds.</summary>
    public static Rule Fast(string path, string query, string method, string agent)
    {
        var bytes = Parsed.Bytes(path);
        return RuleTable.All[RuleFinder.Find(Classifier.Path(bytes), bytes, Parsed.Bytes(query), Parsed.Bytes(method),
            Parsed.Bytes(agent))];
    }
}
