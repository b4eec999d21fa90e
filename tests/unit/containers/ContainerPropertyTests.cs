using System.Text;
using CsCheck;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Containers;
using Pipeline.Tests.Unit.Files;

namespace Pipeline.Tests.Unit.Containers;

/// <summary>Promise 2 and rule 31 for containers: whatever is appended, late, out or killed between polls, every row is read once, and what
/// was written twice among the last rows is counted exactly.</summary>
public sealed class ContainerPropertyTests
{
    private const int Window = 8;

    [Fact]
    public async Task Two_hundred_schedules_lose_nothing_and_double_nothing_and_count_what_was_written_twice()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            try
            {
                await ScheduleAsync(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}", e);
            }
        }
    }

    [Fact]
    public void Rows_are_repeated_when_they_are_among_the_last_ones_whatever_the_cuts_between_blocks() =>
        Gen.Select(Gen.Int[0, 40].Array[0, 600], Gen.Int[0, 5], Gen.Int[1, 50]).Sample((values, power, cut) =>
        {
            var most = 1 << power;
            var (whole, cuts) = (new ContainerRows(most, 1), new ContainerRows(most, 2));
            var text = Encoding.ASCII.GetBytes(string.Concat(values.Select(v => $"row {v}\n")));
            var expected = values.Where((v, i) => values.Skip(i - most).Take(Math.Min(i, most)).Contains(v)).Count();
            Assert.Equal(expected, whole.Add(text, LogFolder.Combined).Count);
            var counted = 0;
            foreach (var part in values.Chunk(cut))
            {
                counted += cuts.Add(Encoding.ASCII.GetBytes(string.Concat(part.Select(v => $"row {v}\n"))), LogFolder.Combined).Count;
            }
            Assert.Equal(expected, counted);
        }, iter: 2_000);

    [Fact]
    public void A_row_exactly_4096_back_is_repeated_and_one_farther_back_is_not()
    {
        foreach (var (between, expected) in ((int, int)[])[(4_095, 1), (4_096, 0)])
        {
            var text = "first\n" + string.Concat(Enumerable.Range(0, between).Select(i => $"row {i}\n")) + "first\n";
            Assert.Equal(expected, new ContainerRows(ContainerRows.Remembered, 7)
                .Add(Encoding.ASCII.GetBytes(text), LogFolder.Combined).Count);
        }
    }

    [Fact]
    public void An_array_that_comes_again_is_read_again_because_it_is_several_lines()
    {
        var rows = new ContainerRows(64, 1);
        var json = LogFormats.Named("appservice-json");
        var line = """{"time":"2026-01-05T08:00:00Z","properties":{}}""";
        Assert.Single(rows.Add(Encoding.ASCII.GetBytes($"{line}\n{line}\n"), json));
        Assert.Empty(rows.Add(Encoding.ASCII.GetBytes($"[{line},{line}]\n[{line},{line}]\n"), json));
    }

    private static async Task ScheduleAsync(Random random)
    {
        var rig = new ContainerRig(acknowledges: false, new ContainerOptions { Rows = Window, MaxWindows = 2 });
        var truth = new Dictionary<string, List<string>>();
        var open = new Dictionary<string, string>();
        var number = 0;
        for (var step = 0; step < 60; step++)
        {
            switch (random.Next(12))
            {
                case < 5:
                    Append();
                    break;
                case < 8:
                    await rig.PollAsync();
                    break;
                case 8:
                    rig.Sink.Acknowledge(random.Next(1, 4));
                    break;
                case 9:
                    rig.Restart();
                    break;
                case 10:
                    rig.Container.Out = rig.Container.Out is null ? ContainerRig.Outage : null;
                    break;
                default:
                    // Appends that come between the list and a read.
                    var left = random.Next(3);
                    rig.Container.Reading = _ =>
                    {
                        if (left-- > 0)
                        {
                            Append();
                        }
                    };
                    rig.Time.Advance(TimeSpan.FromMinutes(random.Next(90)));
                    break;
            }
        }
        rig.Container.Out = null;
        rig.Container.Reading = null;
        foreach (var (name, part) in open.ToList())
        {
            rig.Container.Append(name, "end\n");
            truth[name].Add(part + "end");
        }
        await rig.PollAsync(TimeSpan.FromHours(1));
        await rig.PollAsync();
        rig.Sink.Acknowledge();
        if (random.Next(2) == 0)
        {
            rig.Restart();
            await rig.PollAsync();
            rig.Sink.Acknowledge();
        }
        foreach (var (name, rows) in truth)
        {
            var once = rows.Where((row, i) => !rows.Skip(i - Window).Take(Math.Min(i, Window)).Contains(row)).ToList();
            Assert.Equal(once, rig.Rows(name));
            Assert.Equal(rows.Count - once.Count, rig.Sink.Repeated.GetValueOrDefault(name));
        }
        Assert.Empty(rig.Sink.Notes);

        void Append()
        {
            // Mostly the hours of now, some late by days.
            var hour = ContainerRig.Start + TimeSpan.FromHours(random.Next(5) == 0 ? -random.Next(100) : -random.Next(2));
            var name = ContainerRig.Hourly(hour, random.Next(4) == 0 ? "OTHER" : "SITE");
            var rows = truth.TryGetValue(name, out var has) ? has : truth[name] = [];
            var text = new StringBuilder();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var row = open.Remove(name, out var part) ? part + "rest" : rows.Count > 0 && random.Next(3) == 0
                    ? rows[random.Next(Math.Max(0, rows.Count - 12), rows.Count)] : $"{name} row {number++}";
                text.Append(part is null ? row : "rest");
                if (i == 1 && part is null && random.Next(3) == 0)
                {
                    open[name] = row;
                    break;
                }
                rows.Add(row);
                text.Append('\n');
            }
            rig.Container.Append(name, text.ToString());
        }
    }
}
