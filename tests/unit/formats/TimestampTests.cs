using System.Globalization;
using CsCheck;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>Rule 29: times finer than a µs are truncated; accepted from 2010 to 2100.</summary>
public sealed class TimestampTests
{
    private static readonly Gen<DateTimeOffset> Times =
        Gen.Select(Gen.Long[new DateTime(2008, 1, 1).Ticks, new DateTime(2101, 12, 31).Ticks], Gen.Int[-14 * 60, 14 * 60])
            .Select((ticks, offset) => new DateTimeOffset(ticks, TimeSpan.FromMinutes(offset)));

    [Fact]
    public void Log_times_agree_with_the_framework() => Times.Sample(
        time =>
        {
            var text = time.ToString("dd/MMM/yyyy:HH:mm:ss ", CultureInfo.InvariantCulture) + Offset(time, "");
            var exact = DateTimeOffset.ParseExact(text[..^2] + ":" + text[^2..], "dd/MMM/yyyy:HH:mm:ss zzz", CultureInfo.InvariantCulture);
            Assert.Equal(Expected(exact.UtcDateTime), Parsed.Combined(
                $"192.0.2.1 - - [{text}] \"GET /updates.tsv HTTP/1.1\" 200 1 \"-\" \"-\""));
        },
        iter: 20_000);

    [Fact]
    public void Json_times_agree_with_the_framework_to_the_microsecond() => Gen.Select(Times, Gen.Int[0, 7], Gen.Int[0, 2]).Sample(
        (time, digits, zone) =>
        {
            var format = "yyyy-MM-ddTHH:mm:ss" + (digits == 0 ? "" : "." + new string('f', digits));
            var text = zone == 2 ? time.ToString(format, CultureInfo.InvariantCulture) + Offset(time, ":")
                : time.UtcDateTime.ToString(format, CultureInfo.InvariantCulture) + (zone == 0 ? "" : "Z");
            var exact = DateTimeOffset.ParseExact(text, format + (zone == 2 ? "zzz" : zone == 1 ? "Z" : ""), CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal);
            Assert.Equal(Expected(exact.UtcDateTime), Parsed.Json(AppServiceJsonTests.Line(time: text)));
        },
        iter: 20_000);

    [Fact]
    public void W3c_times_agree_with_the_framework() => Times.Sample(
        time =>
        {
            var text = time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            var exact = DateTime.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            Assert.Equal(Expected(exact), Parsed.W3c($"{text} 10.0.0.4 GET /updates.tsv - 443 - 192.0.2.1 - - 200 0 0 1"));
        },
        iter: 20_000);

    [Theory]
    [InlineData("31/Dec/2009:23:59:59 +0000", false)]
    [InlineData("01/Jan/2010:00:00:00 +0000", true)]
    [InlineData("01/Jan/2010:00:59:59 +0100", false)]
    [InlineData("31/Dec/2009:23:00:00 -0100", true)]
    [InlineData("31/Dec/2099:23:59:59 +0000", true)]
    [InlineData("01/Jan/2100:00:00:00 +0000", false)]
    [InlineData("01/Jan/2100:00:30:00 +0100", true)]
    [InlineData("29/Feb/2023:00:00:00 +0000", false)]
    [InlineData("29/Feb/2024:00:00:00 +0000", true)]
    [InlineData("00/Jan/2024:00:00:00 +0000", false)]
    [InlineData("01/Jan/0000:00:00:00 +0000", false)]
    [InlineData("01/Jan/9999:00:00:00 +0000", false)]
    [InlineData("01/jan/2024:00:00:00 +0000", false)]
    [InlineData("01/anF/2024:00:00:00 +0000", false)]
    [InlineData("01/Jan/2024:24:00:00 +0000", false)]
    [InlineData("01/Jan/2024:00:60:00 +0000", false)]
    [InlineData("01/Jan/2024:00:00:60 +0000", false)]
    [InlineData("01/Jan/2024:0 :00:00 +0000", false)]
    [InlineData("01/Jan/2024:00;00:00 +0000", false)]
    [InlineData("01/Jan/2024:00:00:00 +2400", false)]
    [InlineData("01/Jan/2024:00:00:00 +0060", false)]
    [InlineData("01/Jan/2024:00:00:00  0000", false)]
    [InlineData("01/Jan/2024:00:00:00", false)]
    [InlineData("", false)]
    public void A_log_time_is_read_or_is_bad(string time, bool good)
    {
        var found = Parsed.Combined($"192.0.2.1 - - [{time}] \"GET /updates.tsv HTTP/1.1\" 200 1 \"-\" \"-\"");
        Assert.Equal(good, found != "bad-time");
    }

    /// <summary>A day that was read before must not lend itself to a line that only begins like it.</summary>
    [Fact]
    public void A_remembered_day_is_not_taken_for_another()
    {
        const string Line = "192.0.2.1 - - [{0}] \"GET /updates.tsv HTTP/1.1\" 200 1 \"-\" \"-\"\n";
        string[] times = ["01/Jan/2024:00:00:00 +0000", "01/Jan/2024:00:00:00 +0100", "01/Jan/2024:00:00:00 -0100",
            "02/Jan/2024:00:00:00 -0100", "01/Jan/2025:00:00:00 -0100", "01/Jan/202x:00:00:00 -0100", "01/Jan/2024:00:00:00 +0000"];
        var alone = times.Select(time => Parsed.Combined(string.Format(CultureInfo.InvariantCulture, Line, time)))
            .Where(found => found != "bad-time");
        var lines = Parsed.Parse("combined", string.Concat(times.Select(time => string.Format(CultureInfo.InvariantCulture, Line, time))));
        Assert.Equal([.. alone, "bad-time 5"], Parsed.Outcome(lines));
    }

    [Theory]
    [InlineData("2024-01-01T00:00:00.12345678901234Z", "2024-01-01T00:00:00.123456")]
    [InlineData("2024-01-01T00:00:00.9999999", "2024-01-01T00:00:00.999999")]
    [InlineData("2024-01-01T00:00:00.Z", null)]
    [InlineData("2024-01-01T00:00:00.1x", null)]
    [InlineData("2024-01-01 00:00:00Z", null)]
    [InlineData("2024-01-01T00:00:00ZZ", null)]
    [InlineData("2024-01-01T00:00:00+01:00", "2023-12-31T23:00:00")]
    [InlineData("2024-01-01", null)]
    [InlineData("20x6-01-01T00:00:00Z", null)]
    [InlineData("0000-01-01T00:00:00Z", null)]
    [InlineData("9999-12-31T23:59:59.9999999Z", null)]
    public void A_json_time_is_read_or_is_bad(string time, string? expected) =>
        Assert.Equal(expected is null ? "bad-time" : $"agent {expected} 192.0.2.1 absent",
            Parsed.Json(AppServiceJsonTests.Line(time: time)));

    private static string Expected(DateTime utc) =>
        utc.Year is < 2010 or >= 2100 ? "bad-time"
            : $"agent {new DateTime(utc.Ticks / 10 * 10).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture)} " +
            $"192.0.2.1 absent";

    private static string Offset(DateTimeOffset time, string colon) =>
        (time.Offset < TimeSpan.Zero ? "-" : "+") + time.Offset.ToString("hh", CultureInfo.InvariantCulture) + colon
            + time.Offset.ToString("mm", CultureInfo.InvariantCulture);
}
