using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Pipeline.Tests.Integration.Cli;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>Files that are not what they ought to be, through the real program: an exit code, a message that names the file, and nothing
/// lost.</summary>
public sealed class BadFileTests
{
    [Fact]
    public void Lines_that_are_long_binary_cut_or_of_an_impossible_year_are_each_a_rejection()
    {
        using var folder = new Folder();
        byte[][] lines =
        [
            Ascii(Sample.Line(0)), Ascii(new string('x', 1_000_000) + "\n"), [0, 1, 2, 0xff, 0xfe, 0, (byte)'\n'],
                [0xc3, 0x28, 0xf0, 0x9f, (byte)'\n'], Ascii("\n"), Ascii(Sample.Line(1)[..60] + "\n"),
            Ascii(Sample.Line(2).Replace("2026", "0000", StringComparison.Ordinal)),
                Ascii(Sample.Line(2).Replace("2026", "9999", StringComparison.Ordinal)),
            [.. Ascii(Sample.Line(3)[..^2]), 0, 0xff, (byte)'"', (byte)'\n'], Ascii(Sample.Line(4)), Ascii(Sample.Line(5)),
        ];
        File.WriteAllBytes(folder["bad.log"], [.. lines.SelectMany(line => line)]);
        var answer = Import(folder, folder["bad.log"], "--format", "combined");
        Assert.Equal((0, (long)lines.Length), (answer.Exit, answer.Json.GetProperty("lines").GetInt64()));
        var rejected = answer.Json.GetProperty("rejections").EnumerateObject().Where(r => r.Value.GetInt64() > 0)
            .ToDictionary(r => r.Name, r => r.Value.GetInt64());
        Assert.Equal((1, 1, 4, 2), (rejected["too-long"], rejected["empty"], rejected["malformed"], rejected["bad-time"]));
        AssertWhole(folder, lines.Length);
    }

    [Fact]
    public void A_folder_without_files_is_named_and_the_others_are_imported()
    {
        using var folder = new Folder();
        var empty = Directory.CreateDirectory(folder["empty.log"]).FullName;
        var answer = Import(folder, empty, folder.Write("good.log", Sample.Line(0)));
        Assert.Equal((1, 1L), (answer.Exit, answer.Json.GetProperty("lines").GetInt64()));
        Assert.Contains(empty, answer.Error, StringComparison.Ordinal);
        AssertWhole(folder, 1);
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_named_and_the_others_are_imported()
    {
        if (Environment.UserName == "root" || OperatingSystem.IsWindows())
        {
            Assert.Skip("root may read every file");
            return;
        }
        using var folder = new Folder();
        var good = folder.Write("good.log", Sample.Line(0));
        var secret = folder.Write("secret.log", Sample.Line(1));
        File.SetUnixFileMode(secret, UnixFileMode.None);
        var answer = Import(folder, good, secret);
        Assert.Equal((1, 1L), (answer.Exit, answer.Json.GetProperty("lines").GetInt64()));
        Assert.Contains(secret, answer.Error, StringComparison.Ordinal);
        Assert.Contains("right to read", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_shrinks_while_it_is_read_is_named_and_what_was_taken_stands()
    {
        using var folder = new Folder();
        var log = folder["shrinks.log"];
        var block = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 60).Select(i => Sample.Line(i))));
        using (var file = File.Create(log))
        {
            for (var i = 0; i < 6_000; i++)
            {
                file.Write(block);
            }
        }
        Directory.CreateDirectory(folder.Dir);
        using var victim = Victim.Start(folder.Dir, "import", log, "--source", "web", "--dir", folder.Dir, "--json");
        while (!Directory.Exists(Path.Combine(folder.Dir, "us", "captures")) && !victim.Ended.IsCompleted)
        {
            await Task.Yield();
        }
        using (var file = new FileStream(log, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(100_000);
        }
        await victim.EndAsync();
        Assert.Equal(1, victim.Exit);
        Assert.Contains("shrinks.log: it shrank while it was read", victim.Error, StringComparison.Ordinal);
        AssertWhole(folder, JsonDocument.Parse(await victim.Out).RootElement.GetProperty("lines").GetInt64());

        // It is shorter than what was read of it. Where little of it is in doubt it is read again, each line counted as a possible double;
        // otherwise it is named and nothing of it is read.
        var again = Import(folder, log);
        var lines = again.Json.GetProperty("lines").GetInt64();
        if (again.Exit == 1)
        {
            Assert.Equal(0, lines);
            Assert.Contains("shrinks.log", again.Error, StringComparison.Ordinal);
            return;
        }
        Assert.Equal(0, again.Exit);
        Assert.InRange(lines, 1, 100_000 / Sample.Line(0).Length);
        Assert.Equal(lines, Tool.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("possibleDouble").GetProperty("rewound")
            .GetInt64());
    }

    [Theory]
    [InlineData("zeros", 0)]
    [InlineData("line-ends", (byte)'\n')]
    public async Task A_gzip_bomb_is_read_in_bounded_memory(string name, byte content)
    {
        using var folder = new Folder();
        var bomb = folder[name + ".log.gz"];
        var size = content == 0 ? 400 : 10;
        using (var gzip = new GZipStream(File.Create(bomb), CompressionLevel.Optimal))
        {
            // A line first, so that the file is known by it.
            gzip.Write(Encoding.ASCII.GetBytes(Sample.Line(0)));
            var block = new byte[1 << 20];
            Array.Fill(block, content);
            for (var i = 0; i < size; i++)
            {
                gzip.Write(block);
            }
        }
        Directory.CreateDirectory(folder.Dir);
        using var victim = Victim.Start(folder.Dir, "import", bomb, "--source", "web", "--format", "combined", "--dir", folder.Dir,
            "--json");
        var peak = 0L;
        while (!victim.Ended.IsCompleted)
        {
            peak = Math.Max(peak, victim.PeakBytes());
            await Task.WhenAny(victim.Ended, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System,
                TestContext.Current.CancellationToken));
        }
        Assert.Equal(0, victim.Exit);
        Assert.InRange(peak, 1 << 20, 400L << 20);
        AssertWhole(folder, content == 0 ? 2 : 1 + (10L << 20));
    }

    private static Answer Import(Folder folder, params string[] args) =>
        Tool.Run(["import", .. args, "--source", "web", "--dir", folder.Dir, "--json"]);

    private static void AssertWhole(Folder folder, long lines)
    {
        var verify = Tool.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.Equal((0, lines), (verify.Exit, verify.Json.GetProperty("lines").GetInt64()));
        Assert.Equal(0, verify.Json.GetProperty("pending").GetArrayLength());
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
