using System.Diagnostics;
using System.Net.Sockets;
using Pipeline.Ingest.Formats;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>What has a file's name and is none. Opening a pipe that nobody writes to would wait for ever; reading some devices would never
/// end.</summary>
public sealed class SourceFileTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly LogFolder _logs = new();

    public void Dispose() => _logs.Dispose();

    public static TheoryData<string> Kinds => ["pipe", "socket", "device", "link to a pipe"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_pipe_a_socket_and_a_device_are_errors_that_name_them_and_never_a_hang(string kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux is asked what kind of a file a path leads to");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var path = Make(kind, socket);
        var error = await Assert.ThrowsAsync<UnreadableFileException>(() =>
            Task.Run(() => SourceFile.Open(path).Dispose(), TestContext.Current.CancellationToken)
            .WaitAsync(Bound, TestContext.Current.CancellationToken));
        Assert.DoesNotContain(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("pipe, socket or device", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_import_goes_on_with_the_files_beside_a_pipe()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux is asked what kind of a file a path leads to");
        Make("pipe", null);
        await File.WriteAllTextAsync(Path.Combine(_logs.Root, "a.log"),
            "203.0.113.7 - - [02/Nov/2026:10:00:00 +0000] \"GET /updates.tsv HTTP/1.1\" 200 1 \"-\" \"-\"\n",
            TestContext.Current.CancellationToken);
        var sink = new FakeSink();
        var import = new FileImport(new FileCursors("web", []), LogFormats.Named("combined"), InstallationKey.New().Cursors(), sink,
            Workers.Pool);
        var results = await import.RunAsync([_logs.Root], final: false, CancellationToken.None)
            .WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Equal(["a.log", "pipe"], results.Select(result => Path.GetFileName(result.Path)));
        Assert.Null(results[0].Error);
        Assert.Contains("pipe, socket or device", results[1].Error, StringComparison.Ordinal);
    }

    private string Make(string kind, Socket? socket)
    {
        var path = Path.Combine(_logs.Root, kind.Replace(' ', '-'));
        switch (kind)
        {
            case "device":
                return "/dev/zero";
            case "socket":
                socket!.Bind(new UnixDomainSocketEndPoint(path));
                return path;
            case "link to a pipe":
                File.CreateSymbolicLink(path, Make("pipe", null));
                return path;
            default:
                using (var made = Process.Start("mkfifo", path))
                {
                    made.WaitForExit();
                    Assert.Equal(0, made.ExitCode);
                }
                return path;
        }
    }
}
