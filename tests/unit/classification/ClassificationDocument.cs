using System.Text;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Tests.Unit.Classification;

/// <summary>docs/classification.md, written from the table and the reasons.</summary>
internal static class ClassificationDocument
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append($"""
            # Who asks, and what becomes of it

            Written from `ingest/classification/RuleTable.cs`; a test compares this page with it. To write it again: `PIPELINE_WRITE_DOCS=1 tests/unit/bin/Debug/net10.0/Pipeline.Tests.Unit -class Pipeline.Tests.Unit.Classification.ClassificationDocumentTests`.

            A well-formed request falls under the **first rule that fits**. Each part of the table ends with a rule that takes all that is left, so every request has one. What cannot be told apart is a rejection with a reason, never a guess.
            `pipeline explain` says the rule of each line, `pipeline rejections --by rule` counts rejected lines by it, as they were captured: lines that a redrive made records of are no longer among reasons, sources and days, and still among rules and shapes, for captures do not say which of these a line had.

            ## Reasons

            A rejected line has one reason, the first check that fails, in this order. Only lines that passed the first {Reasons.All.Count(r => r < Reason.OtherPath)} are requests, and have a rule.

            | reason | the line is rejected because |
            |---|---|

            """);
        foreach (var reason in Reasons.All)
        {
            text.Append($"| `{Reasons.Code(reason)}` | {Cell(Reasons.Meaning(reason))} |\n");
        }
        text.Append("""

            ## Rules

            Where a cell is empty, anything fits. Words are found in any case, + and a blank being one (W3C logs write + for a blank); `^` means that the text begins so, `$` that it ends so. A path is without scheme, host and query, and nothing of it is decoded.
            Long lists are given below by name.

            """);
        var lists = new List<(string Name, Term Term)>();
        Part(text, lists, "Management Agents: the path decides, whatever the client", rule => rule.Dataset == "agent-updates");
        Part(text, lists, "Other methods than GET", rule => rule.Reason == Reason.NotGet);
        Part(text, lists, "XenCenter's update file", rule => rule.Dataset == "xencenter-checks" || rule.Reason is Reason.NoAgentString
            or Reason.OtherClient or Reason.BadVersion);
        Part(text, lists, "Every other path", rule => rule.Reason == Reason.OtherPath);
        text.Append("""

            ### Grammars


            """);
        foreach (var grammar in Enum.GetValues<Grammar>())
        {
            text.Append($"- {Grammars.Says(grammar)}: `{Grammars.Pattern(grammar)}`\n");
        }
        text.Append("""

            ### Lists


            """);
        foreach (var (name, term) in lists)
        {
            text.Append($"- **{name}**: {Words(term)}\n");
        }
        text.Append($$"""

            ## Shapes

            Who asks most among those that no rule knows can be found without storing what they say: of a rule that counts shapes (above), each line adds one to the shape of its agent string or path, `agent:A A/9.9 (a)` or `path:/a/x.a`. `pipeline rejections --by shape` has the most frequent first; `pipeline explain`, run where the log is, shows which lines they are.

            - A word of letters is `a`, or `A` where it begins with a capital; a number is `9`; letters and digits together are `x`. Lengths are not told. So **no letter and no digit in a shape is taken from the text**: they name kinds, and all texts of the same build have the same one.
            - `/ . - _ : ; , = ( ) [ ] { } % $ @ * # ? |` are themselves, a blank and + are a blank, any other sign is `!`, a byte beyond printable ASCII is `^`. Of equal signs in a row one is told.
            - After {{Shape.Most}} characters, or {{Shape.Read}} bytes of the text, comes `~`.
            - A block of lines has at most {{ShapeCounts.Most}} shapes of agents and {{ShapeCounts.Most}} of paths at a time; where more come, the rarest are counted as `agent:other` and `path:other` (Misra and Gries). Nothing is lost from the sum, no shape is counted more often than it came, and one that more than one line in {{ShapeCounts.Most + 1}} of a block has is certainly told. A capture that joins blocks of one file keeps the {{ShapeNames.MaxOfAKind}} most frequent of each kind.

            What remains is the build of the text: which signs stand between how many words, and whether a word begins with a capital. That is what makes a client recognisable by its kind, and it is neither an address nor an id nor a name: those are words and numbers, and become one character each.
            Shapes stand in a capture's header (`shapes`, beside `rules`), are deleted with it, and are never in the table.

            """);
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static void Part(StringBuilder text, List<(string Name, Term Term)> lists, string heading, Predicate<Rule> which)
    {
        text.Append($"\n### {heading}\n\n| rule | who | path | method | agent | becomes | why | for example " +
            $"|\n|---|---|---|---|---|---|---|---|\n");
        foreach (var rule in RuleTable.All.Where(rule => which(rule)))
        {
            var path = Of(rule.Path, rule.Name + ", paths", lists) + (rule.Query == Term.Any ? "" : "query: "
                + Of(rule.Query, rule.Name + ", queries", lists));
            var becomes = rule.Dataset is { } dataset ? $"a record of `{dataset}`" : $"`{Reasons.Code(rule.Reason!.Value)}`"
                + (rule.Shape == Shaped.Nothing ? "" : $", and the shape of its {(rule.Shape == Shaped.Path ? "path" : "agent string")}");
            var example = rule.Example;
            text.Append($"| `{rule.Name}` | {Cell(rule.Population)} | {path} | {Method(rule.Methods)} | " +
                $"{Of(rule.Agent, rule.Name + ", agents", lists)} | {becomes} | {Cell(rule.Why)} | " +
                $"{Code($"{example.Method} {example.Path}{(example.Query.Length > 0 ? "?" + example.Query : "")}")} by " +
                $"{Code(example.Agent)} |\n");
        }
    }

    private static string Method(Methods methods) => methods switch { Methods.Get => "GET", Methods.Head => "HEAD", Methods.Post =>
        "POST", Methods.Other => "any other", _ => "" };

    private static string Of(Term term, string name, List<(string Name, Term Term)> lists)
    {
        if (term.Words.Count <= 4)
        {
            return string.Join(", or ", term.Grammars.Select(Grammars.Says).Concat(term.Words.Count == 0 ? [] : [Words(term)]));
        }
        if (lists.FirstOrDefault(list => list.Term == term).Name is not { } known)
        {
            lists.Add((name, term));
            known = name;
        }
        return string.Join(", or ", term.Grammars.Select(Grammars.Says).Append($"list *{known}*"));
    }

    private static string Words(Term term) => string.Join(' ', term.Words.Select(Code));

    private static string Code(string text) => text.Contains('`') ? $"`` {Cell(text)} ``" : $"`{Cell(text)}`";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
