using System.Buffers;
using System.Numerics;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// <see cref="RuleTable"/> for machines: which rule a request falls under, in bounded time and without allocation. Every term has a bit;
/// three masks say which terms path, query and agent string meet;
/// a rule fits where each of its three has its bit.
/// </summary>
internal static class RuleFinder
{
    private const ulong Always = 1UL << 63;

    private static readonly List<Term> Terms = [.. RuleTable.All.SelectMany(rule => new[] { rule.Path, rule.Query, rule.Agent })
        .Where(term => term != Term.Any).Distinct()];
    private static readonly WordMachine Words = new(Terms.SelectMany((term, at) => term.Words.Select(word => (word, At(at)))));
    private static readonly Compiled[] Rules =
        [.. RuleTable.All.Select(rule => new Compiled(Bit(rule.Path), Bit(rule.Query), Bit(rule.Agent), rule.Methods))];

    // Where a part of the table begins: rules above it are of another path.
    private static readonly int AnyMethod = First(rule => rule.Methods == Methods.Head),
        Elsewhere = First(rule => rule.Reason == Reason.OtherPath);

    // Bytes that ordinary agent strings and queries have not, and every word has that may stand anywhere in them: most lines are done
    // without reading them whole.
    private static readonly SearchValues<byte> AgentSigns = Signs(rule => rule.Agent, " /.();:,-_+"u8),
        QuerySigns = Signs(rule => rule.Query, "=&-_"u8);

    private static readonly ulong XenCenterFile = Bits(Grammar.XenCenterFile), AgentList = Bits(Grammar.AgentList),
        Nameless = Bits(Grammar.Nameless),
        XenCenter = Bits(Grammar.XenCenter), Unbranded = Bits(Grammar.Unbranded), XenCenterName = Bits(Grammar.XenCenterName),
            PowerShell = Bits(Grammar.PowerShell);

    private readonly record struct Compiled(ulong Path, ulong Query, ulong Agent, Methods Methods);

    /// <param name="asked">What <see cref="Classifier.Path"/> says of the path.</param>
    /// <returns>Its place in the table.</returns>
    public static int Find(Asked asked, ReadOnlySpan<byte> path, ReadOnlySpan<byte> query, ReadOnlySpan<byte> method,
        ReadOnlySpan<byte> agent)
    {
        var paths = Always | Words.Scan(path) | (asked switch { Asked.XenCenterUpdates => XenCenterFile, Asked.AgentUpdates =>
            AgentList, _ => 0 });
        var queries = Always | (query.Length <= 1 ? 0 : Words.Named(query, QuerySigns));
        var agents = Always | Words.Named(agent, AgentSigns) | OfGrammar(agent);
        var way = method switch { _ when method.SequenceEqual("GET"u8) => Methods.Get, _ when method.SequenceEqual("HEAD"u8) =>
            Methods.Head, _ when method.SequenceEqual("POST"u8) => Methods.Post, _ => Methods.Other };
        for (var at = asked switch { Asked.AgentUpdates => 0, Asked.XenCenterUpdates => AnyMethod, _ => Elsewhere }; ; at++)
        {
            ref readonly var rule = ref Rules[at];
            if ((rule.Path & paths) != 0 && (rule.Agent & agents) != 0 && (rule.Query & queries) != 0 && (rule.Methods & way) != 0)
            {
                return at;
            }
        }
    }

    private static ulong OfGrammar(ReadOnlySpan<byte> agent)
    {
        if (agent.Length == 0)
        {
            return Nameless;
        }
        switch (agent[0])
        {
            case (byte)'X' or (byte)'[':
                if (Classifier.TryVersion(agent, out _, out var reason))
                {
                    return XenCenterName | (agent[0] == '[' ? Unbranded : XenCenter) | (agent.IndexOf("PowerShell/"u8) < 0 ? 0
                        : PowerShell);
                }
                return (reason == Reason.BadVersion ? XenCenterName : 0) | (agent.IndexOf("PowerShell/"u8) < 0 ? 0 : PowerShell);
            case (byte)'-' when agent.Length == 1:
                return Nameless;
            default:
                return agent.IndexOf("PowerShell/"u8) < 0 ? 0 : PowerShell;
        }
    }

    private static int First(Predicate<Rule> fits) => RuleTable.All.Index().First(rule => fits(rule.Item)).Index;

    private static ulong At(int term) => term < BitOperations.Log2(Always) ? 1UL << term
        : throw new InvalidOperationException("the rules have more terms than a mask has bits");

    private static ulong Bit(Term term) => term == Term.Any ? Always : At(Terms.IndexOf(term));

    private static ulong Bits(Grammar grammar) => Terms.Where(term => term.Grammars.Contains(grammar))
        .Aggregate(0UL, (bits, term) => bits | Bit(term));

    private static SearchValues<byte> Signs(Func<Rule, Term> part, ReadOnlySpan<byte> ordinary)
    {
        var signs = new HashSet<byte>();
        foreach (var word in RuleTable.All.SelectMany(rule => part(rule).Words).Where(word => !word.StartsWith('^')))
        {
            var own = word.TrimEnd('$').Where(c => !char.IsAsciiLetterOrDigit(c)).Select(c => (byte)c).Except(ordinary.ToArray()).ToList();
            signs.UnionWith(own.Count > 0 ? own : throw new InvalidOperationException(
                $"the word '{word}' has no byte that tells that it may be there"));
        }
        return SearchValues.Create([.. signs]);
    }
}
