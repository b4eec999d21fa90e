using Pipeline.Ingest.Formats;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Rule 34: a file's identity is its content, under any name.</summary>
public sealed class FileCursorsTests
{
    private static readonly FileCursors Cursors = new("web", new Dictionary<string, FileCursor>
    {
        ["web/f"] = Cursor(100, "a"), ["web/f.1"] = Cursor(300, "b"), ["api/f.2"] = Cursor(5, "z") with { Source = "api" },
    });

    [Fact]
    public void A_first_line_that_was_never_seen_is_a_new_file() => Assert.Equal(new FileDecision.New("g", 0),
        Cursors.Decide("g", 10, _ => null));

    [Fact]
    public void The_same_bytes_before_the_cursor_are_the_same_file() =>
        Assert.Equal("f", Assert.IsType<FileDecision.Resume>(Cursors.Decide("f", 200, at => at == 100 ? "a" : "?")).Identity);

    [Fact]
    public void Of_two_that_match_the_farther_cursor_counts() => Assert.Equal("f.1",
        Cursors.Decide("f", 300, at => at == 100 ? "a" : "b").Identity);

    [Fact]
    public void Other_bytes_before_every_cursor_are_another_file_with_the_next_ordinal() =>
        Assert.Equal(new FileDecision.New("f.2", 2), Cursors.Decide("f", 500, _ => "other"));

    [Fact]
    public void A_file_that_ends_before_the_cursor_is_not_read()
    {
        Assert.Equal("f.1", Assert.IsType<FileDecision.Shrunk>(Cursors.Decide("f", 200, _ => "other")).Identity);
        Assert.IsType<FileDecision.Shrunk>(Cursors.Decide("f", long.MaxValue, _ => null));
    }

    [Fact]
    public void What_is_offered_moves_the_cursor()
    {
        var cursors = new FileCursors("web", []);
        cursors.Advance("f.3", Cursor(7, "c"));
        Assert.Equal(7, cursors.Find("f.3")!.Offset);
        Assert.Equal("f.4", cursors.Decide("f", 10, _ => "other").Identity);
    }

    [Theory]
    [InlineData("one\ntwo\n", "one\n", true)]
    [InlineData("one\ntwo\n", "one\r\n", true)]
    [InlineData("one\n", "two\n", false)]
    [InlineData("#Software: IIS\none\n", "#Software: IIS\none\nmore\n", true)]
    [InlineData("#Software: IIS\none\n", "one\n", false)]
    [InlineData("\n\r\none\n", "\n\r\none\ntwo\n", true)]
    public void A_fingerprint_is_of_the_first_data_line_and_its_offset(string a, string b, bool same) => Assert.Equal(same, Of(a) == Of(b));

    [Theory]
    [InlineData("")]
    [InlineData("cut")]
    [InlineData("#Software: IIS\n#Fields: a b\n\n")]
    [InlineData("#Software: IIS\ncut")]
    public void Without_a_complete_data_line_there_is_no_identity(string text) => Assert.Null(Of(text));

    [Fact]
    public void A_mark_is_left_out_and_an_unterminated_line_counts_when_it_is_final()
    {
        Assert.Equal(Of("\u00EF\u00BB\u00BFone\n"), Of("\u00EF\u00BB\u00BFone", final: true));
        Assert.Null(Of("#Fields: a\n", final: true, "iis-w3c"));
        Assert.NotNull(Of("\n\n", final: true, "iis-w3c"));
        Assert.NotNull(Of("#Fields: a\n", final: true, "combined"));
    }

    [Fact]
    public void Of_a_long_line_64_KiB_are_hashed()
    {
        Assert.Equal(Of(new string('x', 70_000) + "a\n"), Of(new string('x', 90_000) + "b\n"));
        Assert.NotEqual(Of(new string('x', 65_535) + "a\n"), Of(new string('x', 65_535) + "b\n"));
        // It has an identity before it ends, so that a file that grows without a newline is not read anew at each look.
        Assert.Equal(Of(new string('x', 70_000) + "\n"), Of(new string('x', 65_536)));
        Assert.Null(Of(new string('x', 65_535)));
    }

    private static FileCursor Cursor(long offset, string check) => new() { Source = "web", Offset = offset, Check = check,
        Format = "combined" };

    private static string? Of(string text, bool final = false, string format = "combined") =>
        FileFingerprint.Of(new MemoryStream(System.Text.Encoding.Latin1.GetBytes(text)), LogFolder.Hash, final, LogFormats.Named(format));
}
