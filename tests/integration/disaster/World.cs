using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Tests.Integration.Cli;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Disaster;

/// <summary>An installation that took lines on several days, and what can happen to its folders.</summary>
internal sealed class World : IDisposable
{
    private readonly Folder _folder = new();

    public string Dir => _folder.Dir;

    public string this[string name] => _folder[name];

    public string Us => Path.Combine(Dir, "us");

    public string Uk => Path.Combine(Dir, "uk");

    public string Log => Path.Combine(Uk, "tables", "xencenter-checks", "_delta_log");

    public Folder Folder => _folder;

    /// <summary>Imports lines as a file of their own; each import is a capture and a commit.</summary>
    public void Import(string file, int from, int count, string source = "web") =>
        Assert.Equal(0, Tool.Run("import",
            _folder.Write(file, string.Concat(Enumerable.Range(from, count).Select(i => Sample.Line(i % 60, $"203.0.113.{i}")))),
            "--source", source, "--dir", Dir).Exit);

    public Answer Do(params string[] args) => Tool.Run([.. args, "--dir", Dir]);

    public JsonElement Verify(int exit, params string[] options)
    {
        var answer = Tool.Run(["verify", "--dir", Dir, "--json", .. options]);
        Assert.True(answer.Exit == exit, $"{answer.Exit}: {answer.Out} {answer.Error}");
        return answer.Json;
    }

    public static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>An appended entry that takes the table back to a version, as other engines restore one.</summary>
    public void Restore(int version)
    {
        var (then, now) = (Live(version), Live(int.MaxValue));
        var time = DateTimeOffset.UnixEpoch.AddYears(56).ToUnixTimeMilliseconds();
        var actions = now.Where(f => !then.ContainsKey(f.Key)).Select(f => $$$"""{"remove":{"path":"{{{f.Key}}}","deletionTimestamp":{{{time}}},"dataChange":true}}""")
            .Concat(then.Where(f => !now.ContainsKey(f.Key)).Select(f => f.Value)).Prepend($$$"""{"commitInfo":{"timestamp":{{{time}}},"operation":"RESTORE","engineInfo":"SomeEngine/9"}}""");
        File.WriteAllText(Path.Combine(Log, $"{Directory.GetFiles(Log, "*.json").Length:D20}.json"), string.Join('\n', actions) + "\n");
    }

    public void Dispose() => _folder.Dispose();

    private Dictionary<string, string> Live(int version)
    {
        var live = new Dictionary<string, string>();
        foreach (var line in Directory.GetFiles(Log, "*.json").Order(StringComparer.Ordinal)
            .Take(version == int.MaxValue ? version : version + 1).SelectMany(File.ReadLines))
        {
            var action = JsonNode.Parse(line)!;
            if (action["remove"] is { } removed)
            {
                live.Remove(removed["path"]!.GetValue<string>());
            }
            if (action["add"] is { } added)
            {
                live[added["path"]!.GetValue<string>()] = line;
            }
        }
        return live;
    }
}
