using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Names of files stay on the machine that reads them, and cost nothing when they are lost.</summary>
public sealed class FileNamesTests : IDisposable
{
    private static readonly KeyedHash Hash = new InstallationKey(new byte[32]).Names();
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("pipeline-names-").FullName, "names");

    private string File => Path.Combine(_folder, "web.jsonl");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public void A_name_is_found_by_the_next_process_and_the_newest_counts()
    {
        using (var names = FileNames.Open(_folder, "web", Hash))
        {
            Assert.Null(names.Find("a"));
            names.Note("a", "/logs/old.log");
            names.Note("a", "/logs/\u00e4 b\n\u001b[31m.log");
            names.Note("b", "/logs/b.log");
        }
        using var next = FileNames.Open(_folder, "web", Hash);
        Assert.Equal("/logs/\u00e4 b\n\u001b[31m.log", next.Find("a"));
        Assert.Equal(["a", "b"], next.All().Select(name => name.Key).Order());
        using var other = FileNames.Open(_folder, "web-2", Hash);
        Assert.Null(other.Find("a"));
        Assert.Equal(3, System.IO.File.ReadAllLines(File).Length);
    }

    [Fact]
    public void A_label_stands_for_a_name_and_holds_nothing_of_it()
    {
        using var names = FileNames.Open(_folder, "web", Hash);
        var label = names.Label("/logs/jane.doe.log");
        Assert.Matches("^[0-9a-f]{16}$", label);
        Assert.Equal(label, names.Label("/logs/jane.doe.log"));
        Assert.NotEqual(label, names.Label("/logs/john.doe.log"));
        // Whoever has the machine finds the name by its label, once.
        Assert.Contains("/logs/jane.doe.log", Assert.Single(System.IO.File.ReadAllLines(File), line =>
            line.Contains(label, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_made_before_a_name_comes_and_what_is_made_is_for_its_owner_only()
    {
        using var names = FileNames.Open(_folder, "web", Hash);
        Assert.False(Directory.Exists(_folder));
        names.Note("a", "a.log");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                System.IO.File.GetUnixFileMode(_folder));
        }
    }

    [Theory]
    [InlineData("{\"file\":\"b\",\"label\":\"0123456789abcdef\",\"na")]
    [InlineData("\0\0\0\0")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"file\":\"b\",\"label\":\"x\",\"name\":\"y\"}")]
    public void A_line_that_was_cut_costs_its_own_name_only(string torn)
    {
        using (var names = FileNames.Open(_folder, "web", Hash))
        {
            names.Note("a", "a.log");
        }
        System.IO.File.AppendAllText(File, torn);
        using (var names = FileNames.Open(_folder, "web", Hash))
        {
            Assert.Equal("a.log", names.Find("a"));
            names.Note("c", "c.log");
        }
        using var last = FileNames.Open(_folder, "web", Hash);
        Assert.Equal(("a.log", null, "c.log"), (last.Find("a"), last.Find("b"), last.Find("c")));
    }

    [Fact]
    public void It_is_bounded_and_the_newest_names_stay()
    {
        using (var names = FileNames.Open(_folder, "web", Hash))
        {
            for (var i = 0; i < 2 * FileNames.MaxNames + 10; i++)
            {
                names.Note($"f{i}", $"{i}.log");
            }
            Assert.InRange(names.All().Count, 1, 2 * FileNames.MaxNames);
        }
        Assert.InRange(System.IO.File.ReadLines(File).Count(), 1, 2 * FileNames.MaxNames);
        using var next = FileNames.Open(_folder, "web", Hash);
        Assert.Equal((null, $"{2 * FileNames.MaxNames + 9}.log"), (next.Find("f0"), next.Find($"f{2 * FileNames.MaxNames + 9}")));
    }

    [Fact]
    public void A_place_that_cannot_be_written_costs_the_names_of_the_next_process_only()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder)!);
        System.IO.File.WriteAllText(_folder, "a file where the folder should be");
        using var names = FileNames.Open(_folder, "web", Hash);
        names.Note("a", "a.log");
        names.Note("b", "b.log");
        Assert.Equal(("a.log", "b.log"), (names.Find("a"), names.Find("b")));
        Assert.NotNull(names.Fault);
        Assert.DoesNotContain(_folder, names.Fault, StringComparison.Ordinal);
    }
}
