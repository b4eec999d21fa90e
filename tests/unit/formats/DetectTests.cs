using Pipeline.Core;
using Pipeline.Ingest.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class DetectTests
{
    private const string Combined = "203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET / HTTP/1.1\" 200 164 \"-\" \"-\"\n";

    [Fact]
    public void A_header_alone_is_a_w3c_log() => Assert.Equal("iis-w3c",
        Detect.Of("#Software: x\r\n#Fields: date time\r\n"u8).Format?.Name);

    [Fact]
    public void A_line_that_is_cut_by_the_sample_is_not_judged()
    {
        var found = Detect.Of(Parsed.Bytes(Combined + "203.0.113.9 - - [05/J"));
        Assert.Equal(("combined", 100), (found.Format?.Name, found.Confidence));
    }

    [Fact]
    public void A_single_unterminated_line_is_judged() => Assert.Equal("combined",
        Detect.Of(Parsed.Bytes(Combined.TrimEnd())).Format?.Name);

    [Fact]
    public void Neither_nothing_nor_noise_nor_a_mixture_is_a_format()
    {
        Assert.Null(Detect.Of([]).Format);
        Assert.Null(Detect.Of("\n\n\n"u8).Format);
        Assert.Null(Detect.Of("hello\nworld\n"u8).Format);
        Assert.Null(Detect.Of([0xFF, 0xFE, (byte)'a', 0, (byte)'\n', 0]).Format);
        var mixture = Detect.Of(Parsed.Bytes(string.Concat(Enumerable.Repeat(Combined + AppServiceJsonTests.Line() + "\n", 5))));
        Assert.Null(mixture.Format);
        Assert.Contains("more than one", mixture.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_formats_that_each_explain_a_tenth_are_an_error_that_names_the_first_line_of_the_other()
    {
        var nine = string.Concat(Enumerable.Repeat(FrontDoorTests.Line() + "\n", 9));
        var tenth = Detect.Of(Parsed.Bytes(nine + Combined));
        Assert.Null(tenth.Format);
        Assert.Contains("line 10 is the first of combined", tenth.Why, StringComparison.Ordinal);
        Assert.DoesNotContain("203.0.113.9", tenth.Why, StringComparison.Ordinal);
        var stray = Detect.Of(Parsed.Bytes(Combined + nine + FrontDoorTests.Line() + "\n"));
        Assert.Equal(("frontdoor", 90), (stray.Format?.Name, stray.Confidence));
    }

    [Fact]
    public void The_json_formats_call_each_others_rows_malformed()
    {
        var lines = new Dictionary<string, string> { ["appservice-json"] = AppServiceJsonTests.Line(),
            ["frontdoor"] = FrontDoorTests.Line(), ["storage-read"] = StorageReadTests.Line() };
        foreach (var (name, line) in lines)
        {
            Assert.All(lines.Keys, other => Assert.Equal(other != name, Parsed.One(other, line) == "malformed"));
            Assert.Equal((name, 100), (Detect.Of(Parsed.Bytes(line)).Format?.Name, Detect.Of(Parsed.Bytes(line)).Confidence));
        }
    }

    [Fact]
    public void An_unknown_name_is_wrong_usage_that_names_the_known_ones()
    {
        var stop = Assert.ThrowsAny<PipelineException>(() => LogFormats.Named("clf"));
        Assert.IsType<UsageException>(stop);
        Assert.Contains("combined, iis-w3c, appservice-json, frontdoor, storage-read", stop.Message, StringComparison.Ordinal);
        Assert.All(LogFormats.All, format => Assert.Same(format, LogFormats.Named(format.Name)));
    }
}
