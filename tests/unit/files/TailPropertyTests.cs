using CsCheck;
using Xunit;

namespace Pipeline.Tests.Unit.Files;

/// <summary>Promise 2 for files: whatever writers, rotation and restarts do between polls, every line is read exactly once.</summary>
public sealed class TailPropertyTests
{
    private enum Step { Poll, Line, Part, LateLine, Rotate, Compress, Acknowledge, Restart, Wait }

    [Fact]
    public Task Every_line_is_read_once_whatever_happens_between_polls() =>
        Gen.Frequency((4, Gen.Const(Step.Poll)), (5, Gen.Const(Step.Line)), (2, Gen.Const(Step.Part)), (2, Gen.Const(Step.LateLine)),
            (3, Gen.Const(Step.Rotate)), (3, Gen.Const(Step.Compress)), (2, Gen.Const(Step.Acknowledge)), (2, Gen.Const(Step.Restart)),
            (1, Gen.Const(Step.Wait)))
            .Array[0, 40].SampleAsync(async steps => await RunAsync(steps), iter: 400, threads: 1);

    private static async Task RunAsync(Step[] steps)
    {
        using var logs = new LogFolder();
        var sink = new FakeSink(acknowledges: false);
        var tail = logs.Tail(sink, "access.log*");
        var written = new List<string>();
        var (line, open) = (0, false);
        async Task Poll()
        {
            while (await tail.PollAsync(sink, TestContext.Current.CancellationToken))
            {
            }
            logs.Time.Advance(TimeSpan.FromSeconds(1));
        }
        foreach (var step in steps)
        {
            switch (step)
            {
                case Step.Poll:
                    await Poll();
                    break;
                case Step.Line when open:
                    logs.Append("access.log", " end\n");
                    (written[^1], open) = (written[^1] + " end", false);
                    break;
                case Step.Line or Step.Part when !open:
                    written.Add($"line {line++}");
                    open = step == Step.Part;
                    logs.Append("access.log", written[^1] + (open ? "" : "\n"));
                    break;
                // The server writes to the old file until it is told that it was rotated.
                case Step.LateLine when File.Exists(logs["access.log.1"])
                    && (await File.ReadAllTextAsync(logs["access.log.1"], TestContext.Current.CancellationToken)).EndsWith('\n'):
                    written.Add($"line {line++}");
                    logs.Append("access.log.1", written[^1] + "\n");
                    if (open)
                    {
                        // The unterminated line stays the last, which the next step may end.
                        (written[^1], written[^2]) = (written[^2], written[^1]);
                    }
                    break;
                case Step.Rotate when File.Exists(logs["access.log"]):
                    foreach (var n in (int[])[3, 2, 1])
                    {
                        foreach (var suffix in (string[])["", ".gz"])
                        {
                            if (File.Exists(logs[$"access.log.{n}{suffix}"]))
                            {
                                logs.Move($"access.log.{n}{suffix}", $"access.log.{n + 1}{(n == 3 ? "-" + line++ : "")}{suffix}");
                            }
                        }
                    }
                    logs.Move("access.log", "access.log.1");
                    logs.Write("access.log", "");
                    open = false;
                    break;
                case Step.Compress when File.Exists(logs["access.log.1"]):
                    logs.WriteGzip("access.log.1.gz", await File.ReadAllTextAsync(logs["access.log.1"],
                        TestContext.Current.CancellationToken));
                    File.Delete(logs["access.log.1"]);
                    break;
                case Step.Acknowledge:
                    sink.Acknowledge(2);
                    break;
                case Step.Restart:
                    sink = sink.Restarted();
                    tail = logs.Tail(sink, "access.log*");
                    break;
                case Step.Wait:
                    for (var i = 0; i < 40; i++)
                    {
                        await Poll();
                    }
                    break;
            }
        }
        for (var i = 0; i < 80; i++)
        {
            await Poll();
        }
        sink.Acknowledge();
        var expected = open ? written.SkipLast(1) : written;
        // The end of a rotated file that was never read under its first name stays pending: nobody can know that it was rotated.
        var read = sink.Lines.Order().ToList();
        Assert.Equal(read.Count, read.Distinct().Count());
        Assert.Subset(written.ToHashSet(), read.ToHashSet());
        var missing = expected.Except(read).ToList();
        Assert.All(missing, m => Assert.Contains(Directory.GetFiles(logs.Root), f => f != logs["access.log"]
            && File.ReadAllText(f) is var text && (text == m || text.EndsWith("\n" + m, StringComparison.Ordinal))));
        Assert.Equal(0, tail.PossibleLosses);
    }
}
