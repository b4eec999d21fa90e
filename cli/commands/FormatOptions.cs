using System.CommandLine;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Ingest.Formats;

namespace Pipeline.Cli.Commands;

/// <summary>How the lines of a command are read: what the options say, and where they say nothing, what the configuration says of the
/// source.</summary>
internal sealed class FormatOptions
{
    private readonly Option<string?> _format = new("--format") { HelpName = "FORMAT",
        Description = $"auto, {string.Join(", ", LogFormats.Names)} (default: the configured source's, else auto)" };
    private readonly Option<string?> _client = new("--client-address") { HelpName = "FIELD",
        Description = "the field that names the client, where requests come through proxies" };
    private readonly Option<string?> _from = new("--from") { HelpName = "NETWORKS",
        Description = "the proxies that are believed about it, as 10.0.0.0/8,2001:db8::/32" };
    private readonly Option<string?> _otherwise = new Option<string?>("--otherwise") { HelpName = "reject|peer",
        Description = "what requests from elsewhere are: rejections (default), or their peer's" }.AcceptOnlyFromAmong("reject", "peer");

    public Command AddTo(Command command)
    {
        _format.CompletionSources.Add(["auto", .. LogFormats.Names]);
        command.Add(_format);
        command.Add(_client);
        command.Add(_from);
        command.Add(_otherwise);
        return command;
    }

    /// <summary>Null: the format is to be detected. A configured client-address holds whatever --format says: without it proxies would be
    /// counted as clients.</summary>
    /// <exception cref="PipelineException">2: options that do not fit each other, or the format.</exception>
    public ILineFormat? Of(ParseResult parsed, SourceSettings? configured)
    {
        var client = Rule(parsed.GetValue(_client), parsed.GetValue(_from), parsed.GetValue(_otherwise)) ?? configured?.ClientAddress;
        var format = parsed.GetValue(_format) ?? configured?.Format ?? "auto";
        return ClientAddressSettings.WhyNot(format, client) is { } wrong ? throw new UsageException("--format: " + wrong)
            : format == "auto" ? null
            : LogFormats.Named(format, client);
    }

    private static ClientAddressRule? Rule(string? field, string? from, string? otherwise)
    {
        if (field is null)
        {
            return from is null && otherwise is null ? null : throw new UsageException(
                "--from and --otherwise say who is believed about --client-address FIELD, which is missing; add it.");
        }
        var errors = new List<string>();
        var rule = ClientAddressSettings.Of(field, (from ?? "").Split(',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), otherwise, "--client-address: ", errors);
        return errors.Count == 0 ? rule : throw new UsageException(string.Join("\nerror: ", errors));
    }
}
