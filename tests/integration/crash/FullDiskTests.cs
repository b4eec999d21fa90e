using System.Diagnostics;
using System.Text;
using Pipeline.Tests.Integration.Cli;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>A disk that has no room left. Needs the right to mount a small file system in memory.</summary>
public sealed class FullDiskTests
{
    private const int Files = 40, LinesInFile = 2_000;

    [Fact]
    public void A_full_disk_is_exit_5_with_its_place_and_once_there_is_room_the_import_ends_with_nothing_lost()
    {
        using var folder = new Folder();
        Directory.CreateDirectory(folder.Dir);
        if (Run("mount", "-t", "tmpfs", "-o", "size=400k", "pipeline-test", folder.Dir) != 0)
        {
            Assert.Skip("this user may not mount a small file system");
            return;
        }
        try
        {
            string[] import = ["import", Logs(folder, Files, LinesInFile), "--source", "web", "--dir", folder.Dir, "--json"];
            var full = Tool.Run(import);
            Assert.True(full.Exit == 5, $"it ended with {full.Exit}: {full.Error}");
            Assert.Contains(folder.Dir, full.Error, StringComparison.Ordinal);
            Assert.Contains("Make room", full.Error, StringComparison.Ordinal);

            // What there is holds together while the disk is full.
            var before = Tool.Run("verify", "--dir", folder.Dir, "--json");
            Assert.True(before.Exit == 0, before.Out + before.Error);
            var captured = before.Json.GetProperty("lines").GetInt64();

            Assert.Equal(0, Run("mount", "-o", "remount,size=64m", folder.Dir));
            var rest = Tool.Run(import);
            Assert.Equal((0, (long)Files * LinesInFile), (rest.Exit, captured + rest.Json.GetProperty("lines").GetInt64()));
            var verify = Tool.Run("verify", "--deep", "--dir", folder.Dir, "--json");
            Assert.Equal((0, (long)Files * LinesInFile, 0), (verify.Exit,
                verify.Json.GetProperty("records").GetProperty("xencenter-checks").GetInt64(),
                verify.Json.GetProperty("pending").GetArrayLength()));
        }
        finally
        {
            Run("umount", folder.Dir);
        }
    }

    /// <summary>Two files whose blocks fill captures, so that one block always waits for the next capture when the disk is full.</summary>
    [Theory]
    [InlineData(15)]
    [InlineData(2)]
    public async Task On_a_full_disk_an_import_of_several_files_ends_at_a_signal_and_gives_its_source_back(int signal)
    {
        if (IsIgnored(signal))
        {
            Assert.Skip($"signal {signal} is ignored by whatever started the tests, and so by the program");
            return;
        }
        using var folder = new Folder();
        Directory.CreateDirectory(folder.Dir);
        if (Run("mount", "-t", "tmpfs", "-o", "size=2500k", "pipeline-test", folder.Dir) != 0)
        {
            Assert.Skip("this user may not mount a small file system");
            return;
        }
        try
        {
            string[] import = ["import", Logs(folder, files: 4, lines: 150_000), "--source", "web", "--dir", folder.Dir];
            using var full = Tool.Start(new Dictionary<string, string>(), import);
            await full.WaitForAsync("outage fault=full");
            Assert.Equal(130, await full.SignalAsync(signal));

            // The source is free, and the same import ends by itself where the disk stays full.
            var again = Tool.Run(import);
            Assert.True(again.Exit == 5 && again.Error.Contains("Make room", StringComparison.Ordinal), $"{again.Exit}: {again.Error}");
        }
        finally
        {
            Run("umount", folder.Dir);
        }
    }

    private static string Logs(Folder folder, int files, int lines)
    {
        var logs = Directory.CreateDirectory(folder["logs"]).FullName;
        for (var file = 0; file < files; file++)
        {
            var random = new Random(file);
            File.WriteAllText(Path.Combine(logs, $"{file:D2}.log"), string.Concat(Enumerable.Range(0, lines)
                .Select(i => Sample.Line(i % 60, $"{random.Next(1, 200)}.{random.Next(256)}.{random.Next(256)}.{file}"))), Encoding.ASCII);
        }
        return logs;
    }

    /// <summary>A shell that starts something in the background has it ignore SIGINT, and children inherit that.</summary>
    private static bool IsIgnored(int signal)
    {
        var mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (Convert.ToUInt64(mask["SigIgn:".Length..].Trim(), 16) >> (signal - 1) & 1) != 0;
    }

    private static int Run(string program, params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
