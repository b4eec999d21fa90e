using CsCheck;
using Pipeline.Core.Captures;

namespace Pipeline.Tests.Unit.Captures;

/// <summary>Which places of a file a cursor remembers.</summary>
public sealed class EarlierChecksTests
{
    [Fact]
    public void However_a_file_was_read_the_checks_are_few_and_those_near_its_end_are_near_one_another() =>
        Gen.Select(Gen.Int[1, 400].Array[20, 300], Gen.Int[0, 9]).Sample((lines, often) =>
        {
            IReadOnlyList<EarlierCheck> checks = [];
            var (end, first) = (0L, 0L);
            foreach (var length in lines)
            {
                // Each read brings all its line ends, of lines of 100 bytes, or its last only.
                List<EarlierCheck> read = [];
                for (var at = end + 100; often > 0 && at < end + (length * 100); at += 100 * often)
                {
                    read.Add(new EarlierCheck(at, (ulong)at));
                }
                end += length * 100;
                read.Add(new EarlierCheck(end, (ulong)end));
                first = first == 0 ? read[0].Offset : first;
                checks = EarlierChecks.Join(checks, read, end)!;
                Assert.InRange(checks.Count, 1, EarlierChecks.Most + 1);
                Assert.Equal((first, end), (checks[0].Offset, checks[^1].Offset));
                for (var n = 1; often > 0 && n < checks.Count && end - checks[n].Offset < EarlierChecks.Near - EarlierChecks.Interval; n++)
                {
                    Assert.InRange(checks[n].Offset - checks[n - 1].Offset, 1, EarlierChecks.Interval);
                }
            }
        }, iter: 200);

    [Fact]
    public void Far_from_the_end_checks_thin_out_evenly()
    {
        IReadOnlyList<EarlierCheck> checks = [];
        const long End = 1L << 30;
        for (var at = 4_096L; at <= End; at += 4_096)
        {
            checks = EarlierChecks.Join(checks, [new EarlierCheck(at, 1)], at)!;
        }
        for (var n = 1; n < checks.Count; n++)
        {
            // No gap is more than three quarters of what lies behind its start.
            Assert.True(checks[n].Offset - checks[n - 1].Offset <= Math.Max(EarlierChecks.Interval, 3 * (End - checks[n - 1].Offset) / 4),
                string.Join(' ', checks.Select(c => c.Offset)));
        }
    }

    [Fact]
    public void Reads_without_checks_leave_none()
    {
        var before = new FileCursor { Source = "web", Offset = 1, Check = "c", Format = "combined", Checks = [new EarlierCheck(1, 1)] };
        Assert.Null(EarlierChecks.After(before, Read("f", 1, 2)));
    }

    [Fact]
    public void A_file_begins_behind_its_start_only_where_it_parts_from_a_known_one()
    {
        var fixture = new CaptureFixture();
        fixture.Next();
        var template = fixture.Next().Header;
        Assert.NotNull(Apply(Read("f.1", 70, 90)));
        Assert.NotNull(Apply(Read("f.1", 70, 90) with { Branch = new("unknown") }));
        Assert.NotNull(Apply(Read("f", 70, 90) with { Branch = new("f") }));
        Assert.Null(Apply(Read("f.1", 70, 90) with { Branch = new("f", 95), Checks = [new EarlierCheck(90, 7)] }));
        Assert.Equal((90, new FileBranch("f", 95)), (fixture.State.Files["web/f.1"].Offset, fixture.State.Files["web/f.1"].Branch));
        Assert.Null(Apply(Read("f.1", 90, 100) with { Branch = new("f", 95), Checks = [] }));
        Assert.Null(fixture.State.Files["web/f.1"].Branch);
        Assert.Equal(fixture.State.ToJson(), ShardState.FromJson(fixture.State.ToJson(), "test").ToJson());

        Fork? Apply(ReadEntry read)
        {
            var state = fixture.State;
            var header = template with { Number = state.Next, Previous = state.Head!.Value.Hash,
                Links = new(state.Links.ToDictionary(), StringComparer.Ordinal), Reads = [read], Frames = [] };
            return state.Apply(header, new Link(header.Number, Sha256.Of([(byte)header.Number])));
        }
    }

    private static ReadEntry Read(string file, long from, long to) =>
        new() { Source = "web", Format = "combined", File = file, From = from, To = to, Check = "c", Lines = 0 };
}
