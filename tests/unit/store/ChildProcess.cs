using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Pipeline.Core.Store.Directories;

namespace Pipeline.Tests.Unit.Store;

/// <summary>
/// This test program started again as another process on the same store. It says "ready", waits for a line, and does its part;
/// it ends when its standard input does.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private const string Variable = "PIPELINE_TEST_CHILD";

    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public StreamReader Output => _process.StandardOutput;

    public static async Task<ChildProcess> StartAsync(string part, string root, string argument, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(Path.Join(AppContext.BaseDirectory, typeof(ChildProcess).Assembly.GetName().Name))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { [Variable] = $"{part};{root};{argument}" },
        };
        var child = new ChildProcess(Process.Start(start)!);
        var ready = await child.Output.ReadLineAsync(cancel);
        return ready == "ready" ? child : throw new InvalidOperationException($"the child said '{ready}'");
    }

    public void Go()
    {
        _process.StandardInput.WriteLine("go");
        _process.StandardInput.Flush();
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }
        _process.Dispose();
    }

    /// <summary>Before the test program's own Main: where the variable is set, this process is a child and nothing else.</summary>
    [ModuleInitializer]
    internal static void BecomeChild()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(';') is [var part, var root, var argument])
        {
            using var store = new DirectoryStore(root);
            Play(part, argument, store);
            Environment.Exit(0);
        }
    }

    // On this thread alone: until a module's initializer is done, other threads wait to enter the module.
    private static void Play(string part, string argument, DirectoryStore store)
    {
        if (part == "race")
        {
            // Warm, so that both start at once.
            store.PutIfAbsentAsync($"warm/{argument}", default).GetAwaiter().GetResult();
            Console.WriteLine("ready");
            Console.ReadLine();
            for (var i = 0; i < DirectoryStoreRaceTests.Names; i++)
            {
                var bytes = Encoding.UTF8.GetBytes(DirectoryStoreRaceTests.ContentOf(i, argument));
                var outcome = store.PutIfAbsentAsync(DirectoryStoreRaceTests.NameOf(i), bytes).GetAwaiter().GetResult();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i} {outcome}"));
            }
        }
        else
        {
            store.PutIfAbsentAsync($"held/{argument}", default).GetAwaiter().GetResult();
            using var held = store.TryLock(argument);
            Console.WriteLine(held is null ? "refused" : "ready");
            Console.ReadLine();
        }
    }
}
