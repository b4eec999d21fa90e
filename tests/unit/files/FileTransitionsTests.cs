using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>What becomes of a followed file: one row for each transition, and what holds for all facts.</summary>
public sealed class FileTransitionsTests
{
    private const int Quiet = 10;

    [Theory]
    [InlineData("Another", false, false, "ReadAgain")]
    [InlineData("Copy", true, true, "Copy")]
    [InlineData("Unknown", true, true, "ReadAgain")]
    [InlineData("Unknown", true, false, "Shrunk")]
    [InlineData("Unknown", false, true, "Shrunk")]
    public void A_file_that_ends_before_the_cursor(string likeness, bool isNear, bool lasts, string expected) =>
        Assert.Equal(expected, FileTransitions.OfShrunk(Enum.Parse<CopyLikeness>(likeness), isNear, lasts).ToString());

    // name of the other file ("" where it is not followed), open, compressed, decided; this one compressed, drained; where it parts
    [Theory]
    [InlineData("", false, false, true, false, false, 9, "Read")]
    [InlineData("None", true, false, true, false, false, 9, "Drain")]
    [InlineData("None", true, false, true, false, false, 0, "Drain")]
    [InlineData("None", true, false, true, false, true, 9, "Read")]
    [InlineData("None", true, false, true, false, true, 0, "Apart")]
    [InlineData("None", true, false, true, true, false, 9, "Read")]
    [InlineData("None", true, true, true, false, false, 0, "Apart")]
    [InlineData("None", false, false, true, false, false, 9, "Succeed")]
    [InlineData("None", false, false, true, false, false, 0, "Read")]
    [InlineData("Elsewhere", true, false, false, false, false, 9, "Wait")]
    [InlineData("Elsewhere", true, false, true, false, false, 9, "Apart")]
    [InlineData("Elsewhere", false, true, true, true, false, 9, "Apart")]
    [InlineData("Here", true, false, true, false, false, 9, "Apart")]
    public void A_file_that_parts_from_another(string name, bool open, bool gzip, bool decided, bool isGzip, bool drained, long from,
        string expected) =>
        Assert.Equal(expected, FileTransitions.OfBranch(new PathFacts(isGzip, drained), Peer(name, open, gzip, decided), from).ToString());

    // the same, and whether this file has a line that ends at the cursor
    [Theory]
    [InlineData("", false, false, true, false, false, false, "Read")]
    [InlineData("Here", true, false, true, false, false, true, "Read")]
    [InlineData("Elsewhere", true, false, false, false, false, false, "Wait")]
    [InlineData("Elsewhere", true, false, true, false, false, false, "Copy")]
    [InlineData("Elsewhere", true, false, true, false, false, true, "Overtake")]
    [InlineData("None", true, false, true, true, false, false, "Compressed")]
    [InlineData("None", true, false, true, true, true, false, "Compressed")]
    [InlineData("None", true, false, true, false, false, false, "Drain")]
    [InlineData("None", true, false, true, false, true, false, "Read")]
    [InlineData("None", true, true, true, false, false, false, "Read")]
    [InlineData("None", false, false, true, true, false, false, "Read")]
    public void A_file_whose_content_is_known(string name, bool open, bool gzip, bool decided, bool isGzip, bool drained, bool goesOn,
        string expected) =>
        Assert.Equal(expected,
            FileTransitions.OfContent(new PathFacts(isGzip, drained), Peer(name, open, gzip, decided), goesOn).ToString());

    // open, compressed, the same inode is under the path, the handle goes on at the cursor
    [Theory]
    [InlineData(true, false, false, true, "Read")]
    [InlineData(true, false, true, true, "Read")]
    [InlineData(true, false, true, false, "Truncated")]
    [InlineData(false, true, true, true, "Forget")]
    [InlineData(false, false, true, true, "Truncated")]
    [InlineData(false, false, false, true, "Missing")]
    public void A_file_that_loses_its_name(bool open, bool gzip, bool inPlace, bool goesOn, string expected) =>
        Assert.Equal(expected, FileTransitions.OfLostName(new LostNameFacts(open, gzip, inPlace, goesOn)).ToString());

    [Theory]
    [InlineData(Quiet - 1, false, "Wait")]
    [InlineData(Quiet - 1, true, "Wait")]
    [InlineData(Quiet, false, "Truncated")]
    [InlineData(Quiet, true, "Forget")]
    public void A_file_that_is_missing(int seconds, bool wasRotated, string expected) =>
        Assert.Equal(expected,
            FileTransitions.OfMissing(TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(Quiet), wasRotated).ToString());

    /// <summary>The facts are few, so each combination is tried.</summary>
    [Fact]
    public void One_content_is_never_read_under_two_names_or_before_its_open_file_is_drained()
    {
        foreach (var (path, peer, flag) in All())
        {
            var content = FileTransitions.OfContent(path, peer, goesOn: flag);
            var branch = FileTransitions.OfBranch(path, peer, from: flag ? 1 : 0);
            if (peer.Name == PeerName.Elsewhere)
            {
                // Read here only where the other has no further line, and never before the other was looked at.
                Assert.NotEqual(FileTransition.Read, content);
                Assert.NotEqual(FileTransition.Read, branch);
                Assert.Equal(!peer.IsDecided, content == FileTransition.Wait);
                Assert.Equal(!peer.IsDecided, branch == FileTransition.Wait);
                Assert.Equal(peer.IsDecided && flag, content == FileTransition.Overtake);
            }
            else
            {
                Assert.NotEqual(FileTransition.Wait, content);
                Assert.NotEqual(FileTransition.Wait, branch);
            }
            if (peer.IsLoose && !path.IsDrained && !path.IsGzip)
            {
                Assert.Equal((FileTransition.Drain, FileTransition.Drain), (content, branch));
            }
            if (path.IsDrained)
            {
                // A file is drained once for a look: else the look would not end.
                Assert.NotEqual(FileTransition.Drain, content);
                Assert.NotEqual(FileTransition.Drain, branch);
            }
            // What is followed elsewhere, or is open, loses its place to no other.
            Assert.True(branch != FileTransition.Succeed || (peer is { Name: PeerName.None, IsOpen: false } && flag));
        }
    }

    private static IEnumerable<(PathFacts Path, PeerFacts Peer, bool Flag)> All() =>
        from name in Enum.GetValues<PeerName>()
        from bits in Enumerable.Range(0, 64)
        select (new PathFacts((bits & 1) != 0, (bits & 2) != 0), new PeerFacts(name, (bits & 4) != 0, (bits & 8) != 0,
            name != PeerName.Elsewhere || (bits & 16) != 0), (bits & 32) != 0);

    private static PeerFacts? Peer(string name, bool open, bool gzip, bool decided) => name.Length == 0 ? null
        : new PeerFacts(Enum.Parse<PeerName>(name), open, gzip, decided);
}
