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
            var logs = Directory.CreateDirectory(folder["logs"]).FullName;
            for (var file = 0; file < Files; file++)
            {
                var random = new Random(file);
                File.WriteAllText(Path.Combine(logs, $"{file:D2}.log"), string.Concat(Enumerable.Range(0, LinesInFile).Select(i => Sample.Line(i % 60, $"{random.Next(1, 200)}.{random.Next(256)}.{random.Next(256)}.{file}"))), Encoding.ASCII);
            }
            string[] import = ["import", logs, "--source", "web", "--dir", folder.Dir, "--json"];
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
            Assert.Equal((0, (long)Files * LinesInFile, 0), (verify.Exit, verify.Json.GetProperty("records").GetProperty("xencenter-checks").GetInt64(), verify.Json.GetProperty("pending").GetArrayLength()));
        }
        finally
        {
            Run("umount", folder.Dir);
        }
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
