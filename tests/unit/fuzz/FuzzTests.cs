using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit;

using Pipeline.Ingest.Formats;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>
/// A mutation fuzzer of our own over every parser, detection and the endpoint's bodies. `FUZZ_INPUTS` and `FUZZ_SEED` run more than the
/// sample (`./soak.sh fuzz`), `FUZZ_PART` a part again.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const long Sample = 1_000_000;

    [Fact]
    public void Every_line_is_a_record_or_a_rejection_whatever_its_bytes_are()
    {
        var (inputs, seed) = (Number("FUZZ_INPUTS") ?? Sample, Number("FUZZ_SEED") ?? 1);
        var fuzzer = new Fuzzer(seed);
        var clock = Stopwatch.StartNew();
        fuzzer.Run(Number("FUZZ_PART") is { } part ? [part] : Fuzzer.Parts(inputs), 2);
        var text = new StringBuilder();
        foreach (var (name, t) in fuzzer.Totals)
        {
            var seconds = (double)t.Ticks / Stopwatch.Frequency;
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{t.Inputs,12:N0} inputs {t.Records,12:N0} records {t.Inputs / seconds,12:N0} inputs/s, slowest block " +
                $"{1000.0 * t.Slowest / Stopwatch.Frequency,7:F2} ms, most allocated by one {t.MaxAllocated,9:N0} bytes: " +
                $"{name.Split(' ', 2)[0].Split('$')[0]} " +
                $"{(name.Contains("behind", StringComparison.Ordinal) ? name[name.IndexOf("behind", StringComparison.Ordinal)..] : "")}");
        }
        var total = fuzzer.Totals.Values.Sum(t => t.Inputs);
        text.Append(CultureInfo.InvariantCulture,
            $"{total:N0} inputs with seed {seed} in {clock.Elapsed.TotalSeconds:F1} s on two threads, " +
            $"{total / clock.Elapsed.TotalSeconds:N0} a second, {fuzzer.Failures.Count} failures");
        output.WriteLine(text.ToString());
        Assert.True(fuzzer.Failures.Count == 0, $"{text}\n{string.Join("\n", fuzzer.Failures)}");
    }

    /// <summary>A fuzzer that cannot fail proves nothing: each thing that may be kept wrongly is told.</summary>
    [Theory]
    [InlineData("203.0.113.9", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("1:0:0:2::3", true)]
    [InlineData("::102:304", true)]
    [InlineData("::ffff:1.2.3.4", false)]
    [InlineData("2001:DB8::1", false)]
    [InlineData("2001:db8:0::1", false)]
    [InlineData("1::2:0:0:0:3", false)]
    [InlineData("1.2.3", false)]
    [InlineData("01.2.3.4", false)]
    [InlineData("::1%1", false)]
    [InlineData("", false)]
    public void An_address_that_is_not_in_its_one_form_is_found_out(string address, bool holds)
    {
        Assert.Equal(holds, KeptValues.IsAddress(Encoding.ASCII.GetBytes(address)));
        var lines = Formats.TestContracts.Lines();
        lines.AddXenCenter(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000,
            Encoding.ASCII.GetBytes(address), "1.2.3.4"u8);
        Assert.Equal(holds, KeptValues.Wrong(lines) is null);
    }

    [Theory]
    [InlineData(2026, "1a2b", true)]
    [InlineData(2009, "1a2b", false)]
    [InlineData(2100, "1a2b", false)]
    [InlineData(2026, "1A2B", false)]
    [InlineData(2026, "1a2b3", false)]
    [InlineData(2026, "1a2b\n", false)]
    public void A_prefix_or_a_time_that_may_not_be_kept_is_found_out(int year, string prefix, bool holds)
    {
        var lines = Formats.TestContracts.Lines();
        lines.AddAgent(new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000, "203.0.113.9"u8,
            Encoding.ASCII.GetBytes(prefix));
        Assert.Equal(holds, KeptValues.Wrong(lines) is null);
    }

    private static long? Number(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
        ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}
