using System.IO.Enumeration;
using CsCheck;
using Pipeline.Cli.Settings;
using Xunit;

namespace Pipeline.Tests.Unit.Settings;

public sealed class PathPatternsTests
{
    [Theory]
    [InlineData("/var/log/*.log", "/var/log/access.log", true)]
    [InlineData("/var/log/access.log*", "/var/log/access.log.error*", true)]
    [InlineData("/var/log", "/var/log/nginx/access.log", true)]
    [InlineData("/var/log/*", "/var/log/nginx/*.log", true)]
    [InlineData("/var/**/a.log", "/var/log/*/a.log", true)]
    [InlineData("/var/log/web-1/*.log", "/var/log/web-2/*.log", false)]
    [InlineData("/var/log/*.log", "/var/log/web/a.log", false)]
    [InlineData("/var/log/a?.log", "/var/log/abc.log", false)]
    [InlineData("/var/log/*", "/var/log/.hidden", false)]
    [InlineData("/var/log/access.log", "/var/log/error.log", false)]
    public void Patterns_that_can_match_one_file_are_found(string a, string b, bool may)
    {
        Assert.Equal(may, PathPatterns.MayMeet(a, b));
        Assert.Equal(may, PathPatterns.MayMeet(b, a));
    }

    [Fact]
    public void Two_patterns_are_alike_where_some_name_matches_both()
    {
        var names = (from length in Enumerable.Range(0, 6) from number in Enumerable.Range(0,
            1 << length) select string.Concat(Enumerable.Range(0, length).Select(i => (number >> i & 1) == 0 ? 'a' : 'b'))).ToList();
        var pattern = Gen.OneOf(Gen.Const('a'), Gen.Const('b'), Gen.Const('*'), Gen.Const('?')).Array[0, 4]
            .Select(letters => new string(letters));
        Gen.Select(pattern, pattern).Sample((a, b) =>
        {
            var meets = names.Any(name => FileSystemName.MatchesSimpleExpression(a, name, false)
                && FileSystemName.MatchesSimpleExpression(b, name, false));
            // An empty expression matches everything to the library, and the empty name to nobody.
            return a.Length == 0 || b.Length == 0 || PathPatterns.MayBeAlike(a, b) == (meets
                || (a.All(c => c == '*') && b.All(c => c == '*')));
        }, iter: 2_000);
    }
}
