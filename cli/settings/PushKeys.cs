using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Push;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Cli.Settings;

/// <summary>The settings of a source's `push:` section: who may push to it, and what its bodies may leave out.</summary>
internal static class PushKeys
{
    private const string Token = "token-sha256", Certificates = "client-certificate-sha256", Fields = "fields";

    private static readonly string[] Known = [Token, Certificates, Fields];

    /// <param name="node">true, false, a map of <see cref="Known"/>, or absent.</param>
    /// <param name="where">The section and its source, for errors.</param>
    /// <param name="format">The source's format, or what was found instead of one.</param>
    /// <returns>Null: it takes no pushes.</returns>
    public static PushSettings? Read(YamlNode? node, string where, string format, string path, List<string> errors)
    {
        void Wrong(YamlNode at, string what) => errors.Add($"{path}, line {at.Start.Line}: {what}");
        if (node is null or YamlScalarNode { Value: "false" })
        {
            return null;
        }
        var settings = new PushSettings();
        if (node is YamlScalarNode { Value: "true" })
        {
            return settings;
        }
        if (node is not YamlMappingNode map)
        {
            Wrong(node, $"{where}: expected {{{string.Join(", ", Known)}}}, true or false.");
            return null;
        }
        foreach (var (key, value) in map.Children)
        {
            switch (key.ToString())
            {
                case Token:
                    var tokens = OneOrMany(value);
                    if ((tokens.Count == 0 ? "found none, expected one or a list of 64 hex digits"
                        : tokens.Select(PushTokens.WhyNot).FirstOrDefault(w => w is not null)) is { } weak)
                    {
                        Wrong(value, $"{where}: {Token}: {weak}.");
                    }
                    settings = settings with { Tokens = tokens };
                    break;
                case Certificates:
                    var written = OneOrMany(value);
                    var hashes = written.Select(PushSource.Fingerprint).ToList();
                    if (hashes.Count == 0 || hashes.Contains(null))
                    {
                        Wrong(value, $"{where}: {Certificates}: found " +
                            $"{(hashes.Count == 0 ? "none" : $"{written[hashes.IndexOf(null)].Length} characters")}, expected one or a " +
                            $"list of 64 hex digits: the SHA-256 of a certificate's DER bytes, as " +
                            $"`openssl x509 -noout -fingerprint -sha256` shows it behind `=`.");
                    }
                    settings = settings with { ClientCertificates = [.. hashes.OfType<string>()] };
                    break;
                case Fields:
                    var fields = Text(value).Trim();
                    if (LogFormats.All.FirstOrDefault(f => f.Name == format) is { } of && PushSource.WhyNotFields(of, fields) is { } why)
                    {
                        Wrong(value, $"{where}: {Fields}: {why}.");
                    }
                    settings = settings with { Fields = fields };
                    break;
                case var other:
                    Wrong(key, $"'sources.push.{other}' is no setting; known here: {string.Join(", ", Known)}.");
                    break;
            }
        }
        return settings;
    }

    private static List<string> OneOrMany(YamlNode value) => value is YamlSequenceNode many ? [.. many.Select(Text)] : [Text(value)];

    private static string Text(YamlNode node) => node is YamlScalarNode { Value: { } text } ? text : "";
}
