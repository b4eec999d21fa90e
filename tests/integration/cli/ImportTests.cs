using System.IO.Compression;
using System.Text;

namespace Pipeline.Tests.Integration.Cli;

public sealed class ImportTests
{
    [Fact]
    public void A_file_that_is_not_there_is_named_with_exit_1_and_the_others_are_imported()
    {
        using var folder = new Folder();
        var good = folder.Write("a.log", Sample.Line(0) + Sample.Line(1));
        var answer = Cli.Run("import", good, folder["absent.log"], "--source", "web", "--dir", folder.Dir, "--format", "combined",
            "--json");
        Assert.Equal((1, 2L), (answer.Exit, answer.Json.GetProperty("lines").GetInt64()));
        Assert.Contains("absent.log", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cut_gzip_gives_its_whole_lines_and_exit_1_and_the_whole_one_gives_the_rest()
    {
        using var folder = new Folder();
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 6000)
                .Select(i => Sample.Line(i % 60, $"203.0.{i / 250}.{i % 250}")))));
        }
        File.WriteAllBytes(folder["a.log.gz"], compressed.ToArray()[..^3000]);
        string[] import = ["import", folder["a.log.gz"], "--source", "web", "--dir", folder.Dir, "--json"];
        var cut = Cli.Run(import);
        Assert.Equal(1, cut.Exit);
        Assert.Contains("cut", cut.Error, StringComparison.Ordinal);
        Assert.InRange(cut.Json.GetProperty("lines").GetInt64(), 1, 5999);

        File.WriteAllBytes(folder["a.log.gz"], compressed.ToArray());
        var whole = Cli.Run(import);
        Assert.Equal((0, 6000L), (whole.Exit, cut.Json.GetProperty("lines").GetInt64() + whole.Json.GetProperty("lines").GetInt64()));
    }

    [Fact]
    public void An_unterminated_end_is_pending_until_it_is_final()
    {
        using var folder = new Folder();
        var log = folder.Write("a.log", Sample.Line(0) + Sample.Line(1).TrimEnd('\n'));
        string[] import = ["import", log, "--source", "web", "--dir", folder.Dir, "--json"];
        var open = Cli.Run(import);
        Assert.Equal((0, 1L, 1), (open.Exit, open.Json.GetProperty("lines").GetInt64(), open.Json.GetProperty("pending").GetArrayLength()));
        var final = Cli.Run([.. import, "--final"]);
        Assert.Equal((0, 1L, 0), (final.Exit, final.Json.GetProperty("lines").GetInt64(),
            final.Json.GetProperty("pending").GetArrayLength()));
    }

    [Fact]
    public void Each_files_format_is_detected_and_one_content_under_two_names_is_read_once()
    {
        using var folder = new Folder();
        foreach (var name in new[] { "iis-w3c.log", "appservice-json.log", "combined-nginx.log" })
        {
            File.Copy(Sample.Of(name), folder[name]);
        }
        File.Copy(Sample.Of("iis-w3c.log"), folder["iis-w3c.copy.log"]);
        var answer = Cli.Run("import", folder["*.log"], "--source", "web", "--dir", folder.Dir, "--json");
        Assert.Equal((0, 6000L), (answer.Exit, answer.Json.GetProperty("lines").GetInt64()));
        Assert.Equal(["appservice-json", "combined", "iis-w3c"], answer.Json.GetProperty("files").EnumerateArray()
            .Select(f => f.GetProperty("format").GetString()!).Distinct().Order());
        Assert.Equal(1, answer.Json.GetProperty("files").EnumerateArray().Count(f => f.TryGetProperty("sameAs", out _)));
    }

    [Fact]
    public void A_file_that_no_format_fits_is_named_and_never_quoted()
    {
        using var folder = new Folder();
        var answer = Cli.Run("import", folder.Write("a.log", "secret-of-a-user\nsecret-of-a-user\n"), "--source", "web", "--dir",
            folder.Dir);
        Assert.Equal(1, answer.Exit);
        Assert.Contains("a.log", answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-a-user", answer.Out + answer.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("import", "a.log", "--source", "web")]
    [InlineData("import", "a.log", "--dir", "d")]
    [InlineData("import", "a.log", "--dir", "d", "--source", "No Name")]
    [InlineData("import", "a.log", "--dir", "d", "--source", "web", "--format", "clf")]
    [InlineData("run", "--dir", "d")]
    [InlineData("installs", "--dir", "d", "--from", "yesterday")]
    [InlineData("installs", "--dir", "d", "--by", "fortnight")]
    [InlineData("installs", "--dir", "d", "--csv", "--json")]
    [InlineData("brew")]
    [InlineData]
    public void Wrong_usage_is_exit_2_and_says_what_to_do(params string[] args)
    {
        var answer = Cli.Run(args);
        Assert.Equal((2, ""), (answer.Exit, answer.Out));
        Assert.Contains("error: ", answer.Error, StringComparison.Ordinal);
    }
}
