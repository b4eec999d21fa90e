using System.Text;
using Pipeline.Tests.Integration.Cli;
using ZstdSharp;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>Promise 3: a field that the contract does not declare is stored and said nowhere. Every such part of these lines has a mark,
/// and everything is searched for it.</summary>
public sealed class MinimisedTests
{
    private const string Mark = "zq7markzq", Uuid = "ab12dead-beef-4dea-8bee-f00dfeedface";

    /// <summary>What must not be found: the marks, and the UUID from its fifth character on.</summary>
    private static readonly string[] Secrets = [Mark, Uuid[4..], Uuid[..5]];

    private static readonly Dictionary<string, string[]> Logs = new()
    {
        ["combined"] =
        [
            $"203.0.113.7 {Mark} {Mark} [02/Nov/2026:10:00:00 +0000] \"GET /xc/XCUpdates.xml?{Mark}=1 HTTP/1.1\" 200 512 " +
                $"\"https://{Mark}/\" \"XenCenter/2025.2.0.8315 (64-bit)\"",
            $"203.0.113.8 - {Mark} [02/Nov/2026:10:00:01 +0000] \"GET /updates.2.tsv?id={Uuid}&x={Mark} HTTP/1.1\" 200 512 \"{Mark}\" " +
                $"\"Citrix XenServer AutoUpdate\"",
            $"203.0.113.9 - - [02/Nov/2026:10:00:02 +0000] \"GET /{Mark} HTTP/1.1\" 200 512 \"-\" \"{Mark}\"",
            $"203.0.113.9 - - [02/Nov/2026:10:00:02 +0000] \"{Mark} /xc/XCUpdates.xml HTTP/1.1\" 200 512 \"-\" \"{Mark}\"",
            $"203.0.113.9 - - [02/{Mark}/2026:10:00:02 +0000] \"GET /xc/XCUpdates.xml HTTP/1.1\" 200 512 \"-\" \"XenCenter/2025.2.0.8315\"",
            $"{Mark} is no line at all",
            $"203.0.113.9 - - [02/Nov/2026:10:00:03 +0000] \"GET /xc/XCUpdates.xml HTTP/1.1\" 200 512 \"-\" \"XenCenter/2025.2.0.8315 " +
                $"({Mark})\"",
        ],
        ["iis-w3c"] =
        [
            $"#Software: {Mark}",
                "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host " +
                "sc-status",
            $"2026-11-02 10:00:00 GET /xc/XCUpdates.xml {Mark} {Mark} 203.0.113.7 XenCenter/2025.2.0.8315+(64-bit) {Mark} {Mark} {Mark} " +
                $"200",
            $"2026-11-02 10:00:01 GET /updates.2.tsv id={Uuid}&{Mark} {Mark} 203.0.113.8 Citrix+XenServer+AutoUpdate {Mark} - {Mark} 200",
            $"{Mark} {Mark}",
        ],
        ["appservice-json"] =
        [
            $$$"""{"time":"2026-11-02T10:00:00.1234567Z","resourceId":"/{{{Mark}}}","category":"AppServiceHTTPLogs","properties":{"CsMethod":"GET","CIp":"203.0.113.7","CsUriStem":"/xc/XCUpdates.xml","CsUriQuery":"{{{Mark}}}","UserAgent":"XenCenter/2025.2.0.8315 (64-bit)","Cookie":"{{{Mark}}}","CsUsername":"{{{Mark}}}","Referer":"{{{Mark}}}","CsHost":"{{{Mark}}}"}}""",
            $$$"""{"time":"2026-11-02T10:00:01Z","category":"AppServiceHTTPLogs","properties":{"CsMethod":"GET","CIp":"203.0.113.8","CsUriStem":"/updates.2.tsv","CsUriQuery":"id={{{Uuid}}}","UserAgent":"Citrix XenServer AutoUpdate","ComputerName":"{{{Mark}}}"}}""",
            $$$"""{"time":"{{{Mark}}}","{{{Mark}}}":{""",
        ],
    };

    [Fact]
    public void What_no_contract_declares_is_in_no_store_and_in_no_output()
    {
        using var folder = new Folder();
        var said = new StringBuilder();
        void Ask(int exit, params string[] args)
        {
            var answer = Tool.Run([.. args, "--dir", folder.Dir]);
            said.Append(answer.Out).Append(answer.Error);
            Assert.True(answer.Exit == exit, $"{args[0]} ended with {answer.Exit}: {answer.Error}");
        }
        foreach (var (format, lines) in Logs)
        {
            Ask(0, "import", folder.Write(format + ".log", string.Join('\n', lines) + "\n"), "--source", format, "--format", format);
            Ask(0, "import", folder[format + ".log"], "--source", "dry", "--format", format, "--dry-run", "--again");
        }
        // Nothing but marks: no format is found, and the reason why is told without a word of it.
        Ask(1, "import", folder.Write("none.log", string.Concat(Enumerable.Repeat(Mark + "\n", 20))), "--source", "none");
        foreach (string[] command in (string[][])[["verify", "--deep"], ["verify", "--json"], ["status"], ["status", "--json"],
            ["rejections", "--lines"], ["rejections", "--json", "--lines"], ["installs"], ["installs", "--json"]])
        {
            Ask(0, command);
        }
        foreach (var name in Objects(folder).Where(file => Path.GetFileName(file) != "store.json"
            && !file.EndsWith(".yaml", StringComparison.Ordinal)))
        {
            var answer = Tool.Run("inspect", Path.GetRelativePath(folder.Dir, name), "--dir", folder.Dir, "--json");
            said.Append(answer.Out).Append(answer.Error);
        }
        Assert.Equal(6, Tool.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("records").EnumerateObject()
            .Sum(r => r.Value.GetInt64()));

        AssertNothing(Encoding.UTF8.GetBytes(said.ToString()), "the program's output");
        var (objects, found) = (0, 0);
        foreach (var file in Objects(folder))
        {
            objects++;
            foreach (var bytes in Layers(File.ReadAllBytes(file)))
            {
                AssertNothing(bytes, file);
                found += Contains(bytes, "203.0.113.7") ? 1 : 0;
            }
        }
        // The search sees what lies within compressed frames and pages: the addresses, which are declared, are found.
        Assert.True(objects > 12 && found >= 4, $"{found} of {objects} objects hold the address");
    }

    private static IEnumerable<string> Objects(Folder folder) =>
        new[] { "us", "uk", "keys" }.SelectMany(part => Directory.EnumerateFiles(Path.Combine(folder.Dir, part), "*",
            SearchOption.AllDirectories)).Order(StringComparer.Ordinal);

    /// <summary>The bytes, and what each zstd frame within them expands to.</summary>
    private static IEnumerable<byte[]> Layers(byte[] bytes)
    {
        yield return bytes;
        using var zstd = new Decompressor();
        for (var at = 0; at + 4 < bytes.Length; at++)
        {
            if (bytes.AsSpan(at, 4).SequenceEqual<byte>([0x28, 0xb5, 0x2f, 0xfd]))
            {
                yield return Expand(zstd, bytes.AsSpan(at));
            }
        }
    }

    private static byte[] Expand(Decompressor zstd, ReadOnlySpan<byte> from)
    {
        // The frame's end is not known here, and what follows it is an error to the library: a stream gives what came before.
        using var stream = new DecompressionStream(new MemoryStream(from.ToArray()), zstd, leaveOpen: true, checkEndOfStream: false);
        using var expanded = new MemoryStream();
        try
        {
            stream.CopyTo(expanded);
        }
        catch (ZstdException)
        {
        }
        return expanded.ToArray();
    }

    private static void AssertNothing(byte[] bytes, string where)
    {
        foreach (var secret in Secrets)
        {
            Assert.False(Contains(bytes, secret), $"{where} holds '{secret}'");
        }
    }

    private static bool Contains(byte[] bytes, string text) => bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0;
}
