using System.Text;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>Compressed bodies, and bodies of W3C logs, at the real endpoint.</summary>
public sealed class PushBodyTests
{
    private const string List = "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query cs(User-Agent)\r\n";
    private const string Row = "2026-11-02 00:01:58 198.18.0.7 GET /updates.2.tsv - Citrix+XenServer+AutoUpdate\r\n";

    [Fact]
    public async Task Each_bomb_is_refused_at_the_cap_and_the_endpoint_goes_on()
    {
        await using var rig = await PushRig.StartAsync();
        var wrong = new List<string>();
        foreach (var bomb in PushBombs.All)
        {
            var answer = await rig.SendAsync(PushRig.Request(null, bomb.Body, "loose", encoding: bomb.Encoding));
            if ((answer.Status, answer.Error) != (bomb.Status, bomb.Error))
            {
                wrong.Add($"{bomb.Name}: {answer.Status} {answer.Error}, expected {bomb.Status} {bomb.Error}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
        Assert.Equal(PushBombs.All.Count(b => b.Status == 200), (await rig.ReadsAsync()).Count);
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
    }

    [Fact]
    public async Task The_same_lines_plain_gzip_and_zstd_are_one_body()
    {
        await using var rig = await PushRig.StartAsync();
        var (first, second) = ("1\n"u8.ToArray(), "2\n"u8.ToArray());
        Assert.True((await rig.SendAsync(PushRig.Request("c:1", [.. PushBombs.Zstd(first), .. PushBombs.ZstdStream(second)],
            encoding: "zstd"))) is { Status: 200, Duplicate: false });
        Assert.True((await rig.SendAsync(PushRig.Request("c:1", [.. PushBombs.Gzip(first), .. PushBombs.Gzip(second)],
            encoding: "gzip"))) is { Status: 200, Duplicate: true });
        Assert.True((await rig.PushAsync("c:1", "1\n2\n")) is { Status: 200, Duplicate: true });
        Assert.True((await rig.SendAsync(PushRig.Request("c:2", PushBombs.Zstd(first)[..^1], encoding: "zstd"))) is { Status: 400,
            Error: "bad-zstd" });
        Assert.Single(await rig.ReadsAsync());
    }

    [Fact]
    public async Task Rule_33_A_zstd_body_of_4_MB_is_taken_and_one_of_a_byte_more_is_not()
    {
        await using var rig = await PushRig.StartAsync();
        var body = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 4_000)) + "x");
        foreach (var compress in (Func<byte[], byte[]>[])[PushBombs.Zstd, PushBombs.ZstdStream])
        {
            Assert.True((await rig.SendAsync(PushRig.Request(null, compress(body), "loose", encoding: "zstd"))) is { Status: 413,
                Error: "too-large" });
            Assert.Equal(4_000, (await rig.SendAsync(PushRig.Request(null, compress(body[..^1]), "loose", encoding: "zstd")))
                .Number("lines"));
        }
    }

    [Fact]
    public async Task A_w3c_body_says_its_columns_and_may_change_them_anywhere()
    {
        await using var rig = await PushRig.StartAsync();
        const string other =
            "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: time date cs(User-Agent) c-ip cs-uri-stem " +
            "cs-method\r\n00:01:58 2026-11-02 Citrix+XenServer+AutoUpdate 198.18.0.7 /updates.2.tsv GET\r\n";
        var answer = await Push(rig, "w3c", "\uFEFF#Version: 1.0\r\n" + List + Row + Row + other + "\r\n" + Row);
        Assert.Equal((200, 5L, 3L), (answer.Status, answer.Number("lines"),
            answer.Body.GetProperty("records").GetProperty("agent-updates").GetInt64()));
        Assert.Equal("""[{"reason":"empty","line":8,"count":1},{"reason":"malformed","line":9,"count":1}]""",
            answer.Body.GetProperty("refused").GetRawText());
        Assert.Equal("time date cs(User-Agent) c-ip cs-uri-stem cs-method", Assert.Single(await rig.ReadsAsync()).Fields);
    }

    [Fact]
    public async Task A_w3c_body_whose_lines_come_before_any_columns_is_refused_so_that_its_client_still_has_them()
    {
        await using var rig = await PushRig.StartAsync();
        foreach (var body in (string[])[Row, "#Software: x\r\n" + Row, "\r\n\r\n" + Row + List + Row, Row.TrimEnd()])
        {
            Assert.True((await Push(rig, "w3c", body)) is { Status: 400, Error: "no-fields" });
        }
        Assert.Empty(await rig.ReadsAsync());
        Assert.True((await Push(rig, "w3c", "#Software: x\r\n")) is { Status: 400, Error: "no-lines" });
        Assert.Equal(1, (await Push(rig, "w3c", "\r\n" + List)).Number("lines"));
    }

    [Fact]
    public async Task A_source_with_columns_of_its_own_takes_bodies_without_and_a_body_with_others_is_read_by_those()
    {
        await using var rig = await PushRig.StartAsync();
        Assert.Equal(1, (await Push(rig, "columns", Row)).Body.GetProperty("records").GetProperty("agent-updates").GetInt64());
        Assert.Equal(1, (await Push(rig, "columns", "#Fields: date time\r\n" + Row)).Body.GetProperty("rejections").GetProperty("malformed")
            .GetInt64());
        Assert.Equal(1, (await Push(rig, "columns", Row)).Body.GetProperty("records").GetProperty("agent-updates").GetInt64());
    }

    private static Task<Answer> Push(PushRig rig, string source, string body) =>
        rig.SendAsync(PushRig.Request(null, Encoding.UTF8.GetBytes(body), source));
}
