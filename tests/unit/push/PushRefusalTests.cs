using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>What the endpoint does not take, and where its limits lie (rule 33).</summary>
public sealed class PushRefusalTests
{
    private static readonly Lazy<byte[]> Bomb = new(() => PushEndpointTests.Gzip(new byte[1 << 29], CompressionLevel.Optimal));

    [Fact]
    public async Task Rule_33_Without_a_key_a_push_is_taken_only_where_lines_may_count_twice()
    {
        await using var rig = await PushRig.StartAsync();
        Assert.Equal((428, "no-key"), (await rig.SendAsync(PushRig.Request(null, "1\n"u8.ToArray()))) is var a ? (a.Status, a.Error)
            : default);
        Assert.Equal(200, (await rig.SendAsync(PushRig.Request(null, "1\n"u8.ToArray(), "loose"))).Status);
        Assert.Equal(200, (await rig.SendAsync(PushRig.Request(null, "1\n"u8.ToArray(), "loose"))).Status);
        Assert.All(await rig.ReadsAsync(), r => Assert.Equal((null, 0L, 0L), (r.Stream, r.From, r.To)));
        Assert.Equal(2, (await rig.ReadsAsync()).Count);
    }

    [Theory]
    [InlineData("c")]
    [InlineData("c:")]
    [InlineData(":1")]
    [InlineData("c:0")]
    [InlineData("c:01")]
    [InlineData("c:-1")]
    [InlineData("c:+1")]
    [InlineData("c:1.0")]
    [InlineData("c:1:1")]
    [InlineData("c c:1")]
    [InlineData("c:9223372036854775807")]
    [InlineData("c:99999999999999999999")]
    public async Task A_malformed_key_is_refused(string key)
    {
        await using var rig = await PushRig.StartAsync();
        Assert.True((await rig.PushAsync(key, "1\n")) is { Status: 400, Error: "bad-key" });
        Assert.True((await rig.PushAsync(new string('x', 129) + ":1", "1\n")) is { Status: 400, Error: "bad-key" });
        Assert.Equal(200, (await rig.PushAsync(new string('x', 128) + ":1", "1\n")).Status);
    }

    [Fact]
    public async Task Rule_33_A_body_of_4_MB_is_taken_and_one_of_a_byte_more_is_not()
    {
        await using var rig = await PushRig.StartAsync();
        var body = new byte[PushEndpoint.MaxBytes + 1];
        body.AsSpan().Fill((byte)'x');
        for (var i = 1000; i < body.Length; i += 1000)
        {
            body[i] = (byte)'\n';
        }
        Assert.True((await rig.SendAsync(PushRig.Request("c:1", body))) is { Status: 413, Error: "too-large" });
        Assert.True((await rig.SendAsync(PushRig.Request("c:1", PushEndpointTests.Gzip(body), encoding: "gzip"))) is { Status: 413,
            Error: "too-large" });
        var chunked = PushRig.Request("c:1", body);
        chunked.Headers.TransferEncodingChunked = true;
        Assert.True((await rig.SendAsync(chunked)) is { Status: 413, Error: "too-large" });
        Assert.Equal(200, (await rig.SendAsync(PushRig.Request("c:1", body[..^1]))).Status);
        Assert.Equal(200, (await rig.SendAsync(PushRig.Request("c:2", PushEndpointTests.Gzip(body[..^1]), encoding: "gzip"))).Status);
    }

    [Fact]
    public async Task Rule_33_A_body_of_50_000_lines_is_taken_and_one_of_a_line_more_is_not()
    {
        await using var rig = await PushRig.StartAsync();
        var lines = string.Concat(Enumerable.Repeat("x\n", PushEndpoint.MaxLines));
        Assert.True((await rig.PushAsync("c:1", lines + "x")) is { Status: 413, Error: "too-many-lines" });
        Assert.Equal(PushEndpoint.MaxLines, (await rig.PushAsync("c:1", lines)).Number("lines"));
    }

    [Fact]
    public async Task A_gzip_bomb_is_stopped_at_the_cap()
    {
        await using var rig = await PushRig.StartAsync();
        var bomb = Bomb.Value;
        var before = GC.GetTotalAllocatedBytes();
        Assert.Equal(413, (await rig.SendAsync(PushRig.Request("c:1", bomb, encoding: "gzip"))).Status);
        // The bomb holds 512 MiB; the count is of the whole process, other tests included.
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 256 << 20);
        Assert.Equal(200, (await rig.PushAsync("c:1", "1\n")).Status);
    }

    [Fact]
    public async Task The_same_lines_plain_and_gzip_are_one_body()
    {
        await using var rig = await PushRig.StartAsync();
        Assert.Equal(200,
            (await rig.SendAsync(PushRig.Request("c:1", PushEndpointTests.Gzip("1\n2\n"u8.ToArray()), encoding: "gzip"))).Status);
        Assert.True((await rig.PushAsync("c:1", "1\n2\n")) is { Status: 200, Duplicate: true });
        Assert.True((await rig.SendAsync(PushRig.Request("c:2", PushEndpointTests.Gzip("1\n"u8.ToArray())[..^3],
            encoding: "gzip"))) is { Status: 400, Error: "bad-gzip" });
    }

    [Theory]
    [InlineData("text/plain", null, "web", 200)]
    [InlineData("text/plain; charset=utf-8", null, "web", 200)]
    [InlineData("text/plain; charset=utf-16", null, "web", 415)]
    [InlineData("application/x-ndjson", null, "web", 415)]
    [InlineData("application/x-ndjson", null, "json", 200)]
    [InlineData("application/json", null, "json", 200)]
    [InlineData("application/x-www-form-urlencoded", null, "web", 415)]
    [InlineData("multipart/form-data", null, "json", 415)]
    [InlineData("text/plain", "br", "web", 415)]
    [InlineData("text/plain", "identity", "web", 200)]
    public async Task Another_type_or_encoding_is_refused(string type, string? encoding, string source, int status)
    {
        await using var rig = await PushRig.StartAsync();
        Assert.Equal(status, (await rig.SendAsync(PushRig.Request("c:1", "{}\n"u8.ToArray(), source, type, encoding))).Status);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", "Found Content-Type application/x-www-form-urlencoded, expected text/plain")]
    [InlineData("text/plain; charset=utf-16", "Found Content-Type text/plain with a charset that is not UTF-8")]
    [InlineData("text/hidden-content", "Found Content-Type another one, expected text/plain")]
    public async Task A_type_that_is_not_taken_is_answered_with_what_was_found_and_what_to_send(string type, string said)
    {
        await using var rig = await PushRig.StartAsync();
        var message = (await rig.SendAsync(PushRig.Request("c:1", "1\n"u8.ToArray(), "web", type))).Body.GetProperty("message");
        Assert.Contains(said, message.GetString()!, StringComparison.Ordinal);
        Assert.Contains("-H 'Content-Type: text/plain'", message.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", message.GetRawText(), StringComparison.Ordinal);
    }

    public static TheoryData<string> Formats { get; } =
        [.. LogFormats.Names.Where(name => !name.Contains(':', StringComparison.Ordinal) && name is not ("ndjson" or "nginx"))];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_source_whose_lines_are_JSON_takes_ndjson_and_no_other_does(string format)
    {
        await using var rig = await PushRig.StartAsync(with: source => source.Name == "loose"
            ? source with { Format = LogFormats.Named(format) } : source);
        var json = format is "appservice-json" or "frontdoor" or "storage-read";
        foreach (var type in new[] { "application/x-ndjson", "application/json" })
        {
            Assert.Equal(json ? 200 : 415, (await rig.SendAsync(PushRig.Request(null, "{}\n"u8.ToArray(), "loose", type))).Status);
        }
    }

    [Fact]
    public void A_format_of_fields_in_JSON_is_a_JSON_one() =>
        Assert.True(LogFormats.Named("ndjson:time=ts:unix,client_ip=remote_ip,method=m,uri=u,agent=a").IsJson);

    [Fact]
    public async Task Rule_33_An_unknown_source_is_404_and_another_instances_is_421()
    {
        await using var rig =
            await PushRig.StartAsync(options: new() { OwnerOf = (name, _) => Task.FromResult(name == "theirs" ? "s2" : null) });
        Assert.True((await rig.PushAsync("c:1", "1\n", "nobodys")) is { Status: 404, Error: "unknown-source" });
        Assert.True((await rig.PushAsync("c:1", "1\n", "theirs")) is { Status: 421, Error: "other-instance" });
        Assert.Equal(400, (await rig.PushAsync("c:1", "1\n", "")).Status);
        Assert.Equal(400, (await rig.PushAsync("c:1", "1\n", "web&source=web")).Status);
        Assert.Equal(400, (await rig.PushAsync("c:1", "1\n", "..%2Fweb")).Status);
    }

    [Fact]
    public async Task Rule_33_A_token_opens_its_own_source_only()
    {
        await using var rig = await PushRig.StartAsync(token: "t0ken-of-the-source-web");
        async Task<int> Push(string source, string? scheme, string? token)
        {
            var request = PushRig.Request("c:1", "1\n"u8.ToArray(), source);
            request.Headers.Authorization = scheme is null ? null : new AuthenticationHeaderValue(scheme, token);
            return (await rig.SendAsync(request)).Status;
        }
        Assert.Equal(401, await Push("web", null, null));
        Assert.Equal(401, await Push("web", "Basic", "t0ken-of-the-source-web"));
        Assert.Equal(401, await Push("web", "Bearer", "t0ken-of-the-source-web2"));
        Assert.Equal(403, await Push("w3c", "Bearer", "t0ken-of-the-source-web"));
        Assert.Equal(401, await Push("nobodys", null, null));
        Assert.Equal(404, await Push("nobodys", "Bearer", "t0ken-of-the-source-web"));
        Assert.Equal(200, await Push("web", "Bearer", "t0ken-of-the-source-web"));
    }

    [Fact]
    public async Task Other_methods_paths_and_web_pages_are_refused()
    {
        await using var rig = await PushRig.StartAsync();
        foreach (var (method, path, status) in new[] { ("GET", "/v1/lines?source=web", 405), ("PUT", "/v1/lines?source=web", 405),
            ("OPTIONS", "/v1/lines", 405), ("POST", "/healthz", 405), ("GET", "/", 404), ("POST", "/v1/lines/", 404) })
        {
            Assert.Equal(status, (await rig.SendAsync(new HttpRequestMessage(new HttpMethod(method), path))).Status);
        }
        var page = PushRig.Request("c:1", "1\n"u8.ToArray());
        page.Headers.Add("Origin", "http://example.net");
        Assert.Equal(403, (await rig.SendAsync(page)).Status);
        using var response = await rig.Client.GetAsync("/healthz", TestContext.Current.CancellationToken);
        Assert.False(response.Headers.Contains("Server"));
    }
}
