using System.CommandLine;
using Pipeline.Cli.Output;
using Pipeline.Ingest.Push;

namespace Pipeline.Cli.Commands;

/// <summary>`push token`: makes a bearer token for a source. It is shown once and kept nowhere; the configuration has its hash.</summary>
internal static class PushCommand
{
    public static Command Create() => new("push", "tokens for pushes") { Token() };

    private static Command Token() => new Command("token", "make a bearer token for a source, and its SHA-256 for the configuration")
        .Does((_, output, _) =>
    {
        var token = PushTokens.New();
        var hash = PushTokens.Hash(token);
        if (output.IsJson)
        {
            Printer.Json($$"""{"token":"{{token}}","tokenSha256":"{{hash}}"}""");
            return Task.FromResult(ExitCode.Done);
        }
        output.Line($"token: {token}");
        output.Line($"token-sha256: {hash}");
        output.Line();
        output.Line("Give the token to the endpoint, in a file that only its user reads (mode 0600); it is shown this once. Put the " +
            "SHA-256 into the configuration:");
        output.Line($"    push: {{token-sha256: {hash}}}");
        output.Line("To change a token without a pause, list both hashes, token-sha256: [OLD, NEW], restart, change the client, then " +
            "take OLD out.");
        return Task.FromResult(ExitCode.Done);
    });
}
