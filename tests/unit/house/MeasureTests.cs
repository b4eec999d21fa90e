using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>The measures of docs/code-style.md. Each has a list of what does not keep it yet; a list may only shrink.</summary>
public sealed partial class MeasureTests
{
    private const int MaxLines = 250, MaxBody = 90, MaxArguments = 6, MaxColumns = 140;

    private static readonly string[] LongFiles =
    [
        "cli/telemetry/Meters.cs", "core/captures/CaptureStore.cs", "core/captures/ShardState.cs", "core/store/azure/AzureBlobStore.cs",
        "core/table/fold/TableFold.cs", "core/table/parquet/StringDictionary.cs", "ingest/containers/ContainerSource.Look.cs",
        "ingest/containers/ContainerSource.cs", "ingest/files/FileImport.cs", "ingest/files/TailSource.Read.cs",
        "ingest/formats/json/JsonCursor.cs", "ingest/formats/text/LogLine.cs", "ingest/push/PushIntake.cs", "ingest/push/PushStreams.cs",
        "processor/verify/ShardFold.cs", "processor/verify/TableWalk.cs", "shipper/feed/KafkaFeed.cs",
    ];

    private static readonly string[] LongBodies = ["ingest/files/FileImport.cs", "ingest/files/TailSource.Read.cs"];

    private static readonly string[] ManyArguments =
        ["ContainerLines", "ContainerSource", "OpenInstallation", "Redriver", "StandardInput", "TableState", "TailSource"];

    /// <summary>Documents and code with long lines, by the beginning of their path. Tests hold lines of logs as they are.</summary>
    private static readonly string[] LongLines =
    [
        "cli/commands/CompletionCommand.cs", "cli/commands/RepairCommand.cs", "cli/commands/VerifyCommand.cs",
        "core/table/log/EntryWriter.cs", "docs/classification.md", "ingest/formats/text/NginxLogFormat.cs", "ingest/push/PushTypes.cs",
        "test.sh", "tests/",
    ];

    [Fact]
    public void A_file_has_at_most_250_lines() => Assert.Empty(ProductFile.All
        .Where(file => file.Lines.Count > MaxLines && !LongFiles.Contains(file.Name)).Select(file => $"{file.Name}: {file.Lines.Count}"));

    [Fact]
    public void A_body_has_at_most_90_lines() => Assert.Empty(ProductFile.All
        .Where(file => !LongBodies.Contains(file.Name) && Bodies(file.Lines).DefaultIfEmpty().Max() > MaxBody)
        .Select(file => $"{file.Name}: {Bodies(file.Lines).Max()}"));

    [Fact]
    public void A_constructor_has_at_most_6_parameters() => Assert.Empty(ProductFile.All
        .SelectMany(file => Constructors(string.Join('\n', file.Lines)).Select(found => (file.Name, found.Type, found.Count)))
        .Where(found => found.Count > MaxArguments && !ManyArguments.Contains(found.Type))
        .Select(found => $"{found.Name}: {found.Type} has {found.Count}"));

    [Fact]
    public void Lines_have_at_most_140_characters() => Assert.Empty(new[] { "*.cs", "*.md", "*.sh" }
        .SelectMany(pattern => Repository.Files(pattern, "."))
        .Where(path => !LongLines.Any(start => Repository.Name(path).StartsWith(start, StringComparison.Ordinal)))
        .SelectMany(path => Long(path).Select(line => $"{Repository.Name(path)}:{line}")));

    [Fact]
    public void Measures_are_taken()
    {
        Assert.Equal([4], Bodies(["class A", "{", "    void B()", "    {", "        C();", "        D();", "    }", "}"]));
        Assert.Equal([("A", 2), ("A", 0)],
            Constructors("class A(Func<int, int> b, int c)\n{\n    private record D(int e, int f);\n    public A() { }\n}"));
    }

    /// <summary>Lines of the blocks of the members of a type; nested types are left out.</summary>
    private static IEnumerable<int> Bodies(IReadOnlyList<string> lines)
    {
        for (var start = 0; start < lines.Count; start++)
        {
            if (lines[start] == "    {")
            {
                var end = start;
                while (end < lines.Count - 1 && !lines[end].StartsWith("    }", StringComparison.Ordinal))
                {
                    end++;
                }
                if (!TypePattern().IsMatch(lines[start - 1]))
                {
                    yield return end - start + 1;
                }
                start = end;
            }
        }
    }

    /// <summary>The constructors of classes and structs, with the number of their parameters. Records are values, not parts.</summary>
    private static IEnumerable<(string Type, int Count)> Constructors(string text)
    {
        var types = ClassPattern().Matches(text).Select(m => m.Groups[1].Value).Distinct().ToList();
        return types.SelectMany(type => Regex.Matches(text,
            $@"(?:(?<!record )\b(?:class|struct)|^ +(?:public|internal|private|protected)) {type}\(", RegexOptions.Multiline)
            .Select(m => (type, Arguments(text, m.Index + m.Length))));
    }

    private static int Arguments(string text, int from)
    {
        var (depth, count) = (1, 0);
        for (var i = from; depth > 0; i++)
        {
            depth += text[i] is '(' or '<' or '[' ? 1 : text[i] is ')' or ']' || text[i] == '>' && text[i - 1] != '=' ? -1 : 0;
            count += depth == 1 && text[i] == ',' ? 1 : 0;
        }
        return text[from] == ')' ? 0 : count + 1;
    }

    /// <summary>The numbers of lines that are too long. A row of a table and an example cannot be broken.</summary>
    private static IEnumerable<int> Long(string path)
    {
        var (isDocument, isExample) = (path.EndsWith(".md", StringComparison.Ordinal), false);
        foreach (var (index, line) in File.ReadLines(path).Index())
        {
            isExample ^= isDocument && line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            var stays = isDocument && (isExample || line.StartsWith("    ", StringComparison.Ordinal) || line.TrimStart().StartsWith('|'));
            if (line.Length > MaxColumns && !stays)
            {
                yield return index + 1;
            }
        }
    }

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\b")]
    private static partial Regex TypePattern();

    [GeneratedRegex(@"(?<!record )\b(?:class|struct) (\w+)")]
    private static partial Regex ClassPattern();
}
