using System.Runtime.CompilerServices;
using CsCheck;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Unit.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Classification;

public sealed class RuleTableTests
{
    /// <summary>Pieces of paths, queries and agent strings: the words of the table, what the real clients send, and what comes
    /// near.</summary>
    private static readonly Gen<string> Piece = Gen.OneOf(
        Gen.OneOf((string[])[.. RuleTable.All.SelectMany(rule => new[] { rule.Path, rule.Query, rule.Agent }).SelectMany(term => term.Words)
            .Select(word => word.TrimStart('^').TrimEnd('$'))]),
        Gen.OneOf("/", "/xc/", "/XCUpdates.xml", "/CHCUpdates.xml", "/updates.xml", "/updates.tsv", "/updates.2.tsv",
            "/updates.9.3.2.110.json", "/updates.9.3.json", ".bak", "updates", "XenCenter/", "[XenCenter]/", "2025.2.0.8315", "8.2",
            " (64-bit)", "+(32-bit)",
            "PowerShell/7.4", "Mozilla/5.0 ", "-", "node", "compatible; ", "%2f", "..", " ", "+", "\\x22", "\u00e9", "A", "x", "7"),
        Gen.Char[' ', '\u00ff'].Array[0, 6].Select(chars => new string(chars)));

    private static readonly Gen<string> Text = Gen.Frequency(
        (2, Gen.OneOf((string[])[.. RuleTable.All.SelectMany(rule => new[] { rule.Example.Path, rule.Example.Agent, rule.Example.Query })
            .Distinct()])),
        (6, Piece.Array[0, 5].Select(string.Concat)),
        (1, Gen.Select(Piece, Gen.Int[Term.Most - 70, Term.Most + 70], Piece, (a, middle, b) => a + new string('y', middle) + b)));

    /// <summary>ASCII only: the capital of some other letters is beyond Latin-1, and would be another text as bytes.</summary>
    private static readonly Gen<string> Cased = Gen.Select(Text, Gen.Int[0, 5], (text, how) =>
        how switch { 0 => Ascii(text, char.ToUpperInvariant), 1 => Ascii(text, char.ToLowerInvariant), _ => text });

    private static readonly Gen<string> Path = Gen.Frequency((1, Cased),
        (2, Gen.Select(Gen.OneOf("", "/xc", "/.env"), Gen.OneOf("/XCUpdates.xml", "/CHCUpdates.xml", "/updates.xml", "/xcupdates.XML",
        "/updates.tsv", "/updates.v2.tsv", "/updates.1.2.3.json"), (a, b) => a + b)));

    private static readonly Gen<string> Method = Gen.Frequency((5, Gen.Const("GET")),
        (2, Gen.OneOf("HEAD", "POST", "OPTIONS", "get", "GETS", "")));

    [Fact]
    public void The_program_finds_the_rule_that_the_table_says() => Gen.Select(Path, Cased, Method, Cased)
        .Sample((path, query, method, agent) =>
        Assert.Equal(SlowRules.Find(path, query.Length == 1 ? "" : query, method, agent).Name,
            SlowRules.Fast(path, query, method, agent).Name), iter: 60_000);

    /// <summary>Records and reasons come from the fast way of a line; it agrees with the table.</summary>
    [Fact]
    public void Rule_30_What_becomes_of_a_request_is_what_its_rule_says() => Gen.Select(Path, Method, Cased).Sample((path, method, agent) =>
    {
        var into = TestContracts.Lines();
        into.NextLine();
        Minimiser.Take(new Request { Micros = 1, Address = "198.51.100.1"u8, Method = Parsed.Bytes(method), Path = Parsed.Bytes(path),
            Agent = Parsed.Bytes(agent) }, into);
        var rule = SlowRules.Find(path, "", method, agent);
        Assert.Equal((rule.Dataset == PublishedContracts.XenCenterChecks.Dataset ? 1
            : 0, rule.Dataset == PublishedContracts.AgentUpdates.Dataset ? 1 : 0, rule.Reason is null ? 0L : 1L),
            (into.XenCenter.Rows, into.Agent.Rows, into.Rejections.Total));
        Assert.True(rule.Reason is not { } reason || into.Rejections.Count(reason) == 1, $"{rule.Name}");
        Assert.Equal(rule.Reason is null ? 0 : 1, into.Rules.ToArray().Sum());
        Assert.Equal((rule.Shape == Shaped.Agent, rule.Shape == Shaped.Path), (into.AgentShapes.All().Any(), into.PathShapes.All().Any()));
    }, iter: 60_000);

    [Fact]
    public void Every_rule_has_a_name_of_its_own_and_an_example_that_falls_under_it()
    {
        Assert.Equal(RuleTable.All.Count, RuleTable.All.Select(rule => rule.Name).Distinct().Count());
        Assert.All(RuleTable.All, rule =>
        {
            Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", rule.Name);
            Assert.InRange(rule.Name.Length, 3, 40);
            Assert.True(rule.Dataset is null ^ rule.Reason is null);
            Assert.Equal(rule.Name, SlowRules.Find(rule.Example.Path, rule.Example.Query, rule.Example.Method, rule.Example.Agent).Name);
            Assert.Equal(rule.Name, SlowRules.Fast(rule.Example.Path, rule.Example.Query, rule.Example.Method, rule.Example.Agent).Name);
        });
    }

    /// <summary>What the facts know of clients, by name: a change of the table that moves one of them must be meant.</summary>
    [Theory]
    [InlineData("/xc/XCUpdates.xml", "GET", "XenCenter/2025.2.0.8315 (64-bit)", "xencenter-2023")]
    [InlineData("/XC/XCUPDATES.XML", "GET", "XenCenter/2025.2.0.8315+(64-bit)", "xencenter-2023")]
    [InlineData("/xenserver/updates.xml", "GET", "XenCenter/2025.2.0.8315 (64-bit)", "xencenter-updates-xml")]
    [InlineData("/xc/XCUpdates.xml", "GET", "[XenCenter]/0.0.0.0 (64-bit)", "xencenter-unbranded")]
    [InlineData("/xc/XCUpdates.xml", "GET", "XenCenter/dev (64-bit)", "xencenter-bad-version")]
    [InlineData("/xc/XCUpdates.xml", "GET", "Mozilla/5.0 (compatible; XenCenter/2025.2.0.8315 (64-bit))", "client-crawler")]
    [InlineData("/XenServer/updates.xml", "GET", "XCP-ng+Center/20.03.0.29+(64-bit)", "client-xcp-ng-center")]
    [InlineData("/XenServer/updates.xml", "GET", "Citrix+Hypervisor+Center/8.2.7.12+(64-bit)", "client-citrix-hypervisor-center")]
    [InlineData("/xenserver/updates.xml", "GET", "http-request-plus/1.0", "client-xen-orchestra")]
    [InlineData("/xenserver/updates.xml", "GET", "node-red/1.0", "client-unknown")]
    [InlineData("/xenserver/updates.xml", "GET", "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.17763.592",
        "client-script")]
    [InlineData("/xenserver/updates.xml", "GET", "Mozilla/5.0 (Linux; Ubuntu 22.04; en-US) PowerShell/7.4.1", "client-script")]
    [InlineData("/updates.9.3.1.91.json", "GET", "anything at all", "agent-version-json")]
    [InlineData("/updates.2.tsv", "HEAD", "Citrix XenServer AutoUpdate", "not-get-head")]
    [InlineData("/XenServer/WinGuestAgent/Latest/", "GET", "-", "path-agent-directory")]
    [InlineData("/myupdates.tsv", "GET", "-", "path-unknown-update-file")]
    [InlineData("/XCUpdates.xml/", "GET", "XenCenter/2025.2.0.8315 (64-bit)", "path-unknown-update-file")]
    [InlineData("/..%2f..%2fetc/passwd", "GET", "-", "path-attack")]
    [InlineData("/.git/HEAD", "GET", "-", "path-attack")]
    [InlineData("/", "GET", "-", "path-site-file")]
    [InlineData("", "CONNECT", "-", "path-site-file")]
    public void A_known_request_has_its_rule(string path, string method, string agent, string rule) =>
        Assert.Equal((rule, rule), (SlowRules.Find(path, "", method, agent).Name, SlowRules.Fast(path, "", method, agent).Name));

    [Theory]
    [InlineData("combined-nginx.log", "combined",
        "client-xcp-ng-center 11, client-xen-orchestra 10, client-script 39, nameless-updates-xml 54, not-get-post 51, path-attack 25, " +
        "path-attack-query 13, path-download-xencenter 8, path-site-file 11")]
    [InlineData("iis-w3c.log", "iis-w3c", "client-xcp-ng-center 10")]
    [InlineData("appservice-w3c.log", "iis-w3c", "client-xcp-ng-center 9")]
    [InlineData("appservice-json.log", "appservice-json", "")]
    public void Of_a_sample_log_every_rejected_request_has_a_rule_and_none_is_unknown(string file, string format, string some)
    {
        var lines = Parsed.Parse(format, File.ReadAllBytes(Sample(file)));
        var rules = RuleTable.All.Index().Where(rule => lines.Rules[rule.Index] > 0)
            .ToDictionary(rule => rule.Item, rule => lines.Rules[rule.Index]);
        Assert.All(Reasons.All.Where(reason => reason >= Reason.OtherPath), reason =>
            Assert.Equal((reason, lines.Rejections.Count(reason)), (reason,
            rules.Where(rule => rule.Key.Reason == reason).Sum(rule => rule.Value))));
        Assert.All(some.Split(", ", StringSplitOptions.RemoveEmptyEntries), one =>
            Assert.Contains(one, rules.Select(rule => $"{rule.Key.Name} {rule.Value}")));
        Assert.Equal(3, rules.Keys.Count(rule => rule.Name is "client-xcp-ng-center" or "client-xen-orchestra" or "client-script"));
        Assert.DoesNotContain(rules.Keys, rule => rule.Shape != Shaped.Nothing);
    }

    private static string Ascii(string text, Func<char, char> change) => string.Concat(text.Select(c => char.IsAscii(c) ? change(c) : c));

    private static string Sample(string file, [CallerFilePath] string here = "") =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "..", "samples", file);
}
