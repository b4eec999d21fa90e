using System.Runtime.CompilerServices;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>
/// Logs of real servers, which are others' work and are not committed: read where they are, below the folder that PIPELINE_TEST_DATA names
/// or `shared/data` beside the repository.
/// </summary>
public sealed class RealLogTests
{
    [Fact]
    public void Every_line_of_a_real_IIS_log_with_eleven_headers_asks_for_something_else()
    {
        var bytes = File.ReadAllBytes(Found().FirstOrDefault(path => Path.GetFileName(path) == "lnav_w3c_big.log") ?? Skip());
        var lines = Parsed.Parse("iis-w3c", bytes);
        Assert.Equal("iis-w3c", Detect.Of(bytes).Format?.Name);
        // 254 physical lines, 11 headers of four among them, which are none (rule 29).
        Assert.Equal(254, bytes.AsSpan().Count((byte)'\n') + (bytes[^1] == '\n' ? 0 : 1));
        Assert.Equal((254 - 11 * 4, 0, 0), (lines.Lines, lines.XenCenter.Rows, lines.Agent.Rows));
        Assert.Equal(lines.Lines, lines.Rejections.Count(Reason.OtherPath));
    }

    /// <summary>Which format a real log has is not known here. Whichever it is read as, every line is a record or a rejection, the same
    /// ones however it is cut into blocks.</summary>
    [Fact]
    public void Promise_7_Every_line_of_every_real_log_is_a_record_or_a_rejection_in_every_format()
    {
        var random = new Random(11);
        var logs = Found().ToList();
        Assert.All(logs.Count > 0 ? logs : [Skip()], log =>
        {
            var bytes = File.ReadAllBytes(log);
            Assert.All(LogFormats.All, format =>
            {
                var whole = Parsed.Parse(format.Name, bytes);
                Assert.Equal(whole.Lines, whole.XenCenter.Rows + whole.Agent.Rows + whole.Rejections.Total);
                var pieces = TestContracts.Lines();
                string? fields = null;
                for (var at = 0; at < bytes.Length;)
                {
                    var reach = Math.Min(bytes.Length - 1, at + random.Next(1 << 12));
                    var line = bytes.AsSpan(reach).IndexOf((byte)'\n');
                    var end = line < 0 ? bytes.Length : reach + line + 1;
                    fields = format.Parse(bytes.AsSpan(at, end - at), fields, pieces);
                    at = end;
                }
                Assert.Equal(Parsed.Outcome(whole), Parsed.Outcome(pieces));
            });
        });
    }

    private static IEnumerable<string> Found([CallerFilePath] string here = "")
    {
        var folder = Environment.GetEnvironmentVariable("PIPELINE_TEST_DATA")
            ?? Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "shared", "data");
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.log", SearchOption.AllDirectories)
                .Where(path => Path.GetFileName(Path.GetDirectoryName(path)) == "real").Order(StringComparer.Ordinal)
            : [];
    }

    private static string Skip()
    {
        Assert.Skip("no logs of real servers: set PIPELINE_TEST_DATA to a folder with `logs/real/*.log` below it, or put one at " +
            "../shared/data beside the repository");
        return "";
    }
}
