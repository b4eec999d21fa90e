using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Ingest.Containers;
using Pipeline.Ingest.Files;

namespace Pipeline.Tests.Unit.Containers;

public sealed class ContainerSourceTests
{
    private static readonly string Now = ContainerRig.Hourly(ContainerRig.Start);

    [Fact]
    public async Task A_blob_that_grows_is_read_on_and_a_line_that_is_cut_waits_for_its_end()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\ntw");
        await rig.PollAsync();
        Assert.Equal(["one"], rig.Rows(Now));
        rig.Container.Append(Now, "o\nthree\n");
        await rig.PollAsync();
        await rig.PollAsync();
        Assert.Equal(["one", "two", "three"], rig.Rows(Now));
    }

    [Fact]
    public async Task An_end_without_newline_is_a_line_when_the_blob_may_grow_no_more()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\ntwo");
        await rig.PollAsync(TimeSpan.FromHours(48));
        await rig.PollAsync(TimeSpan.FromHours(2));
        Assert.Equal(["one"], rig.Rows(Now));
        await rig.PollAsync();
        Assert.Equal(["one", "two"], rig.Rows(Now));
        Assert.Single(rig.Events.Of("tail-taken"));
        rig.Container.Append(Now, "three\n");
        await rig.PollAsync(TimeSpan.FromHours(1));
        await rig.PollAsync();
        Assert.Equal(["one", "two", "three"], rig.Rows(Now));
    }

    [Fact]
    public async Task Between_whole_lists_only_the_days_that_may_still_grow_are_listed()
    {
        var rig = new ContainerRig();
        for (var hour = 0; hour < 24 * 400; hour += 3)
        {
            rig.Container.Append(ContainerRig.Hourly(ContainerRig.Start.AddHours(-hour)), $"hour {hour}\n");
        }
        await rig.PollAsync();
        Assert.Equal(3200, rig.Sink.Rows.Count);
        rig.Container.Listed.Clear();
        var reads = rig.Container.Reads;
        await rig.PollAsync();
        Assert.Equal(["level ", .. ((string[])["03", "04", "05"]).Select(d => $"resourceId=/SUBSCRIPTIONS/SITE/y=2026/m=01/d={d}/")],
            rig.Container.Listed);
        Assert.Equal(reads, rig.Container.Reads);
    }

    [Fact]
    public async Task A_late_blob_of_an_old_hour_is_found_by_the_next_whole_list_and_a_new_resource_at_once()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\n");
        await rig.PollAsync();
        var old = ContainerRig.Hourly(ContainerRig.Start.AddDays(-9));
        rig.Container.Append(old, "late\n");
        rig.Container.Append("APP__1a2b/2026/01/05/08/i.log", "of another app\n");
        await rig.PollAsync();
        Assert.Empty(rig.Rows(old));
        Assert.Equal(["of another app"], rig.Rows("APP__1a2b/2026/01/05/08/i.log"));
        await rig.PollAsync(TimeSpan.FromHours(1));
        await rig.PollAsync();
        Assert.Equal(["late"], rig.Rows(old));
    }

    [Fact]
    public async Task Other_layouts_are_listed_whole_at_a_slower_period()
    {
        var rig = new ContainerRig();
        rig.Container.Append("logs/a.log", "one\n");
        await rig.PollAsync();
        rig.Container.Append("logs/b.log", "two\n");
        await rig.PollAsync();
        Assert.Empty(rig.Rows("logs/b.log"));
        await rig.PollAsync(TimeSpan.FromMinutes(5));
        await rig.PollAsync();
        Assert.Equal(["two"], rig.Rows("logs/b.log"));
    }

    [Fact]
    public async Task A_copy_under_another_name_is_read_once_and_told_once()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\ntwo\n");
        await rig.PollAsync();
        var copy = ContainerRig.Hourly(ContainerRig.Start, "COPY");
        rig.Container.Append(copy, "one\n");
        await rig.PollAsync();
        await rig.PollAsync(TimeSpan.FromHours(1));
        rig.Container.Append(copy, "two\nthree\n");
        await rig.PollAsync();
        await rig.PollAsync();
        Assert.Equal(["one", "two", "three"], rig.Rows(Now));
        Assert.Empty(rig.Rows(copy));
        Assert.Single(rig.Events.Of("same-content"));
        Assert.Empty(rig.Sink.Notes);
    }

    [Fact]
    public async Task A_blob_that_shrank_or_was_replaced_is_told_and_counted_as_a_possible_loss_once()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\ntwo\n");
        var other = ContainerRig.Hourly(ContainerRig.Start.AddHours(-1));
        rig.Container.Append(other, "a\nb\n");
        await rig.PollAsync();
        rig.Container.Replace(Now, "one\n");
        rig.Container.Replace(other, "new content\n");
        await rig.PollAsync();
        await rig.PollAsync();
        Assert.Equal([LossNotes.Truncated, LossNotes.Truncated], rig.Sink.Notes);
        Assert.Equal(2, rig.Events.Of("truncated").Count());
        Assert.Equal(["a", "b", "new content"], rig.Rows(other));
        rig.Restart();
        rig.Container.Append(other, "more\n");
        await rig.PollAsync();
        Assert.Equal(["a", "b", "new content", "more"], rig.Rows(other));
    }

    [Fact]
    public async Task On_a_machine_that_knows_no_names_a_blob_that_shrank_is_a_possible_loss_all_the_same()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\ntwo\n");
        await rig.PollAsync();
        rig.Restart(new FileNames());
        rig.Container.Replace(Now, "one\n");
        await rig.PollAsync();
        Assert.Equal([LossNotes.Truncated], rig.Sink.Notes);
        Assert.Equal(["one", "two"], rig.Rows(Now));
    }

    [Fact]
    public async Task A_blob_that_grows_between_the_list_and_the_read_is_read_as_it_is_then()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\n");
        var left = 2;
        rig.Container.Reading = name =>
        {
            if (left-- > 0)
            {
                rig.Container.Append(name, $"more {left}\n");
            }
        };
        await rig.PollAsync();
        await rig.PollAsync();
        Assert.Equal(["one", "more 1", "more 0"], rig.Rows(Now));
    }

    [Fact]
    public async Task An_outage_is_told_and_waited_out_ever_longer_and_stops_nothing()
    {
        var rig = new ContainerRig();
        rig.Container.Append(Now, "one\n");
        rig.Container.Out = ContainerRig.Outage;
        for (var i = 0; i < 5; i++)
        {
            await rig.PollAsync();
        }
        Assert.Equal((5, 0, TimeSpan.FromMinutes(5)), (rig.Waits, rig.Answers, rig.Source.Delay));
        rig.Container.Out = null;
        await rig.PollAsync();
        Assert.Equal((1, rig.Options.Poll), (rig.Answers, rig.Source.Delay));
        Assert.Equal(["one"], rig.Rows(Now));
    }

    [Fact]
    public async Task Blobs_that_cannot_be_read_do_not_keep_the_others_from_being_read()
    {
        var rig = new ContainerRig();
        for (var i = 0; i < 9; i++)
        {
            rig.Container.Append($"bad{i}", $"bad {i}\n");
            rig.Container.Faults[$"bad{i}"] = ContainerRig.Outage;
        }
        rig.Container.Append("refused", "never\n");
        rig.Container.Faults["refused"] = new StoreException(StoreFault.Refused, "archived");
        rig.Container.Append("sound", "one\n");
        for (var i = 0; i < 6; i++)
        {
            await rig.PollAsync();
        }
        Assert.Equal(["one"], rig.Rows("sound"));
        Assert.Single(rig.Events.Of("unreadable"));
    }

    [Fact]
    public async Task A_restart_does_not_ask_for_blobs_that_were_read_and_may_grow_no_more()
    {
        var rig = new ContainerRig();
        for (var i = 0; i < 50; i++)
        {
            rig.Container.Append(ContainerRig.Hourly(ContainerRig.Start.AddHours(-i)), $"hour {i}\n");
        }
        rig.Time.Advance(TimeSpan.FromHours(50));
        await rig.PollAsync();
        rig.Restart();
        var reads = rig.Container.Reads;
        await rig.PollAsync();
        Assert.Equal((reads, 50), (rig.Container.Reads, rig.Sink.Rows.Values.Sum(r => r.Count)));
    }

    [Fact]
    public async Task A_pattern_and_a_prefix_say_which_blobs_are_the_sources()
    {
        var rig = new ContainerRig(options: new ContainerOptions { Prefix = "resourceId=", Pattern = "*PT1H.json" });
        rig.Container.Append(Now, "one\n");
        rig.Container.Append("resourceId=/y=2026/m=01/d=05/h=08/m=00/other.json", "no\n");
        rig.Container.Append("other/PT1H.json", "no\n");
        await rig.PollAsync();
        await rig.PollAsync();
        Assert.Equal([Now], rig.Sink.Rows.Keys);
    }

    [Fact]
    public async Task A_large_blob_is_read_in_ranges_and_its_blocks_are_whole_lines()
    {
        var rig = new ContainerRig();
        var lines = Enumerable.Range(0, 60_000).Select(i => $"line {i} {new string('x', i % 90)}").ToList();
        var text = string.Join('\n', lines) + "\n" + new string('y', 3 << 20) + "\nlast\n";
        rig.Container.Append(Now, text);
        await rig.PollAsync();
        var rows = rig.Rows(Now);
        Assert.Equal(lines, rows.Take(60_000));
        Assert.Equal("last", rows[^1]);
        Assert.Equal(60_002, rows.Count);
        Assert.Equal(text.Length, rig.Sink.Files.Values.Single().Offset);
        Assert.InRange(rig.Container.Reads, 7, 12);
    }

    [Theory]
    [InlineData("resourceId=/A/B/y=2026/m=01/d=05/h=08/m=00/PT1H.json", "resourceId=/A/B/", true, 8)]
    [InlineData("APP__1a2b/2026/01/05/23/abc.log", "APP__1a2b/", false, 23)]
    [InlineData("y=2026/m=01/d=05/h=00/m=00/PT1H.json", "", true, 0)]
    public void An_hours_folders_are_recognised_by_position(string name, string root, bool named, int hour) =>
        Assert.Equal(new ContainerLayout(root, named, new DateTimeOffset(2026, 1, 5, hour, 0, 0, TimeSpan.Zero)), ContainerLayout.Of(name));

    [Theory]
    [InlineData("y=2026/m=13/d=05/h=08/x")]
    [InlineData("logs/2026/01/x.log")]
    [InlineData("x.log")]
    public void Other_names_are_of_no_hour(string name) => Assert.Null(ContainerLayout.Of(name));
}
