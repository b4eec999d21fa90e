using CsCheck;
using Pipeline.Core.Captures;

namespace Pipeline.Tests.Unit.Captures;

public sealed class RejectionBlockTests
{
    private static readonly Gen<List<RejectedLines>> Runs = Gen.Select(Gen.Int[0, 2],
        Gen.Int[0, 2].Select(i => new[] { "empty", "malformed", "other-path" }[i]), Gen.Long[-1, 1000], Gen.Long[1, 500])
        .List[0, 200].Select(steps =>
        {
            var (read, end, runs) = (0, 0L, new List<RejectedLines>());
            foreach (var (step, reason, gap, count) in steps)
            {
                if (step == 2)
                {
                    (read, end) = (read + 1, 0);
                }
                runs.Add(new(read, reason, end + gap, count));
                end += gap + count;
            }
            return runs;
        });

    [Fact]
    public void Runs_come_back_as_they_were() =>
        Runs.Sample(runs => Assert.Equal(runs, RejectionBlock.Decode(RejectionBlock.Encode(runs) ?? [])));

    [Fact]
    public void A_million_lines_of_which_99_in_100_are_rejected_cost_less_than_20_kB()
    {
        var random = new Random(7);
        var runs = new List<RejectedLines>();
        for (var line = 1L; line <= 1_000_000;)
        {
            var count = Math.Min(1 + random.Next(198), 1_000_001 - line);
            runs.Add(new(0, "other-path", line, count));
            line += count + 1;
        }
        Assert.InRange(RejectionBlock.Encode(runs)!.Length, 1, 20_000);
    }

    [Fact]
    public void Bytes_that_are_no_block_are_refused() => Gen.Byte.Array[1, 50].Sample(bytes =>
    {
        try
        {
            RejectionBlock.Decode(bytes);
        }
        catch (InvalidDataException)
        {
        }
    });
}
