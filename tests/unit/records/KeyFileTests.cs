using Pipeline.Core;
using Pipeline.Core.Records;

namespace Pipeline.Tests.Unit.Records;

/// <summary>Rule 28.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class KeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pipeline-key-").FullName;

    private string FilePath => Path.Combine(_folder, "keys", KeyFile.Name);

    [Fact]
    public void The_first_start_makes_a_key_that_only_its_owner_may_read_and_later_starts_find_it()
    {
        var made = KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal(made.KeyId, KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: false).KeyId);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "keys")));
    }

    [Fact]
    public void A_folder_that_was_there_keeps_its_mode_and_a_new_one_is_its_owners()
    {
        const UnixFileMode Shared = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
            | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        var shared = Directory.CreateDirectory(Path.Combine(_folder, "shared")).FullName;
        File.SetUnixFileMode(shared, Shared);
        KeyFile.Open(shared, mayCreate: true);
        Assert.Equal(Shared, File.GetUnixFileMode(shared));
        KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(_folder, "keys")));
    }

    [Fact]
    public void A_lost_key_is_never_made_anew_for_old_data()
    {
        var e = Assert.ThrowsAny<PipelineException>(() => KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: false));
        Assert.IsType<ConfigurationException>(e);
        Assert.False(File.Exists(FilePath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0011")]
    [InlineData("zz00112233445566778899aabbccddeeff00112233445566778899aabbccddee")]
    public void What_is_no_key_is_refused_without_showing_it(string content)
    {
        KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: true);
        File.WriteAllText(FilePath, content);
        var e = Assert.ThrowsAny<PipelineException>(() => KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: true));
        Assert.IsType<ConfigurationException>(e);
        Assert.DoesNotContain(content.Length > 0 ? content : "\0", e.Message);
    }

    [Fact]
    public void A_key_that_others_may_read_is_refused()
    {
        KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: true);
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.IsType<ConfigurationException>(Assert.ThrowsAny<PipelineException>(() =>
            KeyFile.Open(Path.Combine(_folder, "keys"), mayCreate: false)));
    }

    [Fact]
    public void Keys_for_rows_cursors_and_pushes_differ_and_do_not_give_the_key_away()
    {
        var key = new InstallationKey(new byte[32]);
        Assert.NotEqual(key.Cursors().Of("x"u8), key.Pushes().Of("x"u8));
        Assert.Equal(new InstallationKey(new byte[32]).Cursors().Of("x"u8), key.Cursors().Of("x"u8));
        Assert.DoesNotContain("00000000", key.KeyId);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
