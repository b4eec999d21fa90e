using System.Net;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Cli;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>What the README tells a newcomer to do is done here as it stands there, with its places moved into a temporary
/// folder.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task Every_command_of_the_README_does_what_it_says_in_its_order()
    {
        using var folder = new Folder();
        var logs = Directory.CreateDirectory(folder["nginx"]).FullName;
        File.WriteAllText(Path.Combine(logs, "access.log"), string.Concat(Enumerable.Range(0, 30).Select(i => Sample.Line(i))));
        string Moved(string text) => text.Replace("/srv/pipeline", folder.Dir, StringComparison.Ordinal)
            .Replace("/var/log/nginx", logs, StringComparison.Ordinal)
            .Replace("pipeline.yaml", folder["pipeline.yaml"], StringComparison.Ordinal);
        File.WriteAllText(folder["pipeline.yaml"], Moved(Assert.Single(Readme.Blocks("yaml"))));

        var ran = new List<string>();
        foreach (var command in Readme.Blocks("sh").SelectMany(Readme.Commands))
        {
            if (command.StartsWith("./", StringComparison.Ordinal))
            {
                AssertIsScript(command);
                continue;
            }
            var parts = Moved(command.Replace("dotnet run --project cli --", "pipeline", StringComparison.Ordinal)).Split(" | ");
            var args = parts[^1].Split(' ');
            Assert.Equal("pipeline", args[0]);
            ran.Add(args[1]);
            switch (args[1])
            {
                case "run":
                    await FollowAndTakePushesAsync(folder, logs, args[1..]);
                    break;
                case "demo":
                    Assert.Equal(0, Cli.Run([.. args[1..], "--dir", folder["demo"]]).Exit);
                    break;
                case "explain":
                    Assert.StartsWith("head -20 ", parts[0], StringComparison.Ordinal);
                    var said = Cli.RunWith(string.Join('\n', File.ReadLines(parts[0].Split(' ')[^1]).Take(20)), args[1..]);
                    Assert.Equal((0, 20), (said.Exit, said.Out.Split('\n')
                        .Count(line => line.StartsWith("line ", StringComparison.Ordinal))));
                    break;
                default:
                    Assert.Equal((0, command), (Cli.Run(args[1..]).Exit, command));
                    break;
            }
        }
        Assert.Equal(["demo", "import", "verify", "installs", "explain", "run"], ran);
        Assert.Equal(0, Cli.Run("validate", "--config", folder["pipeline.yaml"]).Exit);
        var verified = Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json").Json;
        Assert.Equal((true, 33L, 33L), (verified.GetProperty("ok").GetBoolean(), verified.GetProperty("lines").GetInt64(),
            verified.GetProperty("records").GetProperty("xencenter-checks").GetInt64()));
        Assert.True(Directory.Exists(Path.Combine(folder.Dir, "uk", "tables", "xencenter-checks")));
    }

    [Fact]
    public void Every_command_and_option_that_a_document_names_exists()
    {
        var commands = new Dictionary<string, string> { [""] = Cli.Run("--help").Out };
        string Help(string command) => commands.TryGetValue(command, out var help) ? help
            : commands[command] = Cli.Run([.. command.Split(' '), "--help"]).Out;
        var names = CommandNames(Help(""));
        Assert.Contains("import", names);
        foreach (var document in Readme.Documents)
        {
            var text = File.ReadAllText(document);
            var where = Path.GetFileName(document);
            foreach (var said in Readme.Spans(text).Concat(Readme.Blocks(text, "sh").SelectMany(Readme.Commands)
                .Select(command => command.Split(" | ")[^1])))
            {
                var words = said.Replace("dotnet run --project cli --", "pipeline", StringComparison.Ordinal)
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 0)
                {
                    continue;
                }
                var options = words.Where(word => word.StartsWith("--", StringComparison.Ordinal)).Select(word => word.Split('=')[0])
                    .ToList();
                if (words[0].StartsWith("./", StringComparison.Ordinal) && words[0].EndsWith(".sh", StringComparison.Ordinal))
                {
                    AssertIsScript(words[0]);
                }
                else if (words[0] == "pipeline" || (words.Length > 1 && names.Contains(words[0])))
                {
                    var rest = words[0] == "pipeline" ? words[1..] : words;
                    var command = rest.Length == 0 || rest[0].StartsWith('-') ? "" : rest[0];
                    Assert.True(command.Length == 0 || names.Contains(command),
                        $"{where} names `{said}`, and there is no command {command}");
                    if (rest.Length > 1 && CommandNames(Help(command)).Contains(rest[1]))
                    {
                        command += ' ' + rest[1];
                    }
                    Assert.All(options, option => Assert.True(Help(command).Contains(option, StringComparison.Ordinal),
                        $"{where} names `{said}`, and {command} has no {option}"));
                }
                else if (words[0].StartsWith("--", StringComparison.Ordinal))
                {
                    Assert.All(options, option => Assert.True(names.Any(name => Help(name).Contains(option, StringComparison.Ordinal)),
                        $"{where} names `{option}`, and no command has it"));
                }
            }
        }
    }

    [Fact]
    public void The_README_lists_every_exit_code()
    {
        var said = TableRow().Matches(Readme.Text).Select(m => m.Groups[1].Value).Where(cell => int.TryParse(cell, out _))
            .Select(int.Parse);
        var codes = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (int)field.GetRawConstantValue()!);
        Assert.Equal(codes.Order(), said);
    }

    [Fact]
    public void The_README_says_what_is_kept_as_the_contracts_say_it_and_that_reads_are_not_audited_yet()
    {
        foreach (var contract in PublishedContracts.All)
        {
            var row = Assert.Single(Readme.Text.Split('\n'), line => line.StartsWith($"| `{contract.Dataset}` |",
                StringComparison.Ordinal));
            Assert.Equal(contract.Fields.Select(field => field.Name), Readme.Spans(row.Split('|')[2]));
        }
        Assert.Contains("Reads are not audited yet", Readme.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_link_of_a_document_leads_somewhere()
    {
        foreach (var document in Readme.Documents)
        {
            Assert.All(Link().Matches(File.ReadAllText(document)).Select(m => m.Groups[1].Value)
                .Where(to => !to.Contains("://", StringComparison.Ordinal)),
                to => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(document)!, to)),
                    $"{Path.GetFileName(document)} links to {to}"));
        }
    }

    private static async Task FollowAndTakePushesAsync(Folder folder, string logs, string[] args)
    {
        // The README names this setting; the port is any free one, because tests run side by side.
        Assert.Contains("PIPELINE__SEAL__AGE=1m", Readme.Text, StringComparison.Ordinal);
        var environment = new Dictionary<string, string> { ["PIPELINE__SEAL__AGE"] = "1m", ["PIPELINE__PUSH__URL"] = "http://127.0.0.1:0" };
        using var run = Cli.Start(environment, args);
        var ready = await run.WaitForAsync("ready ");
        using var http =
            new HttpClient { BaseAddress = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..].Split(' ')[0]) };
        for (var attempt = 0; attempt < 2; attempt++)
        {
            // Sent again under its key it is not counted twice.
            using var push = new HttpRequestMessage(HttpMethod.Post, "/v1/lines?source=web-2") { Content =
                new StringContent(Sample.Line(40) + Sample.Line(41), Encoding.UTF8, "text/plain") };
            push.Headers.Add("Idempotency-Key", "stream-of-a-test:1");
            using var reply = await http.SendAsync(push, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }
        await File.AppendAllTextAsync(Path.Combine(logs, "access.log"), Sample.Line(50), TestContext.Current.CancellationToken);
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Cli.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("lines").GetInt64() < 33)
        {
            bound.Token.ThrowIfCancellationRequested();
        }
        Assert.Equal(0, await run.TerminateAsync());
    }

    private static void AssertIsScript(string command)
    {
        var script = Path.Combine(Readme.Root, command.Split(' ')[0]);
        Assert.True(File.Exists(script), command);
        Assert.True(!OperatingSystem.IsLinux() || File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute),
            $"{command} cannot be executed");
    }

    private static HashSet<string> CommandNames(string help) =>
        [.. help.Split("Commands:").Skip(1).SelectMany(section => CommandName().Matches(section)).Select(m => m.Groups[1].Value)];

    [GeneratedRegex(@"^\| (\d+) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^  ([a-z]+)", RegexOptions.Multiline)]
    private static partial Regex CommandName();
}
