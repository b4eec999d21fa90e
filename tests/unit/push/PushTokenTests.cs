using System.Net.Sockets;
using System.Text;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>Bearer tokens (rule 33): several of a source, and what never is one.</summary>
public sealed class PushTokenTests
{
    [Fact]
    public async Task While_two_tokens_are_listed_both_let_in_and_a_stream_goes_on_under_either()
    {
        var (old, next) = (PushTokens.New(), PushTokens.New());
        await using var rig =
            await PushRig.StartAsync(with: s => s with { Tokens = s.Name == "web" ? [PushTokens.Hash(old), PushTokens.Hash(next)] : [] });
        Assert.Equal(200, await PushAsync(rig, old, "c:1"));
        Assert.Equal(200, await PushAsync(rig, next, "c:2"));
        Assert.Equal(200, await PushAsync(rig, old, "c:3"));
        Assert.Equal(401, await PushAsync(rig, PushTokens.New(), "c:4"));
    }

    /// <summary>A bearer of U+00A0 was trimmed to nothing, and let in where the hash was that of the empty string.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\u00A0")]
    [InlineData("fifteen-letters")]
    [InlineData("sixteen letters and blanks")]
    [InlineData("sixteen-letters-\u00E9")]
    [InlineData("sixteen-letters-\u00A0")]
    public async Task What_is_no_token_is_let_in_by_no_hash(string token)
    {
        // Set where no check of a configuration comes between: as if one had let the hash pass.
        var hashes = ((string[])[token, token.Trim(), Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(token))]).Select(PushTokens.Hash)
            .Where(h => PushTokens.WhyNot(h) is null).ToList();
        await using var rig =
            await PushRig.StartAsync(with: s => s with { Tokens = [.. hashes, PushTokens.Hash("a-token-of-this-source")] });
        Assert.Contains("HTTP/1.1 401 ", await RawAsync(rig, $"Authorization: Bearer {token}\r\n"), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200 ", await RawAsync(rig, "Authorization: Bearer a-token-of-this-source\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_made_token_is_one_and_no_two_are_alike()
    {
        var made = Enumerable.Range(0, 100).Select(_ => PushTokens.New()).ToHashSet();
        Assert.Equal(100, made.Count);
        Assert.All(made, token => Assert.True(PushTokens.IsToken(token) && token.Length == 43
            && PushTokens.WhyNot(PushTokens.Hash(token)) is null));
    }

    private static async Task<int> PushAsync(PushRig rig, string token, string key)
    {
        var request = PushRig.Request(key, Encoding.ASCII.GetBytes(key + "\n"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        return (await rig.SendAsync(request)).Status;
    }

    private static async Task<string> RawAsync(PushRig rig, string header)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(rig.Endpoint.Address.Host, rig.Endpoint.Address.Port, CancellationToken.None);
        var stream = client.GetStream();
        var request = $"POST /v1/lines?source=web HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nIdempotency-Key: " +
            $"c:1\r\nContent-Length: 2\r\nConnection: close\r\n{header}\r\n1\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request), CancellationToken.None);
        using var reply = new MemoryStream();
        await stream.CopyToAsync(reply, CancellationToken.None);
        return Encoding.Latin1.GetString(reply.ToArray());
    }
}
