using System.CommandLine;
using Pipeline.Cli.Settings;
using Pipeline.Core;

namespace Pipeline.Cli.Output;

/// <summary>The options that every command has.</summary>
internal static class Common
{
    public static readonly Option<string?> Dir = new("--dir") { Recursive = true, HelpName = "DIR",
        Description = "an embedded installation: DIR/us and DIR/uk are its stores, DIR/keys its keys" };
    public static readonly Option<string?> Config = new("--config") { Recursive = true, HelpName = "FILE",
        Description = "a YAML file that names stores, keys, sources and settings" };
    public static readonly Option<bool> Json = new("--json") { Recursive = true,
        Description = "one JSON document on standard output; what is for people goes to standard error" };

    /// <summary>Of commands that can be watched.</summary>
    public static Option<string?> Metrics() => new("--metrics") { HelpName = "URL",
        Description = "where metrics are served, such as http://127.0.0.1:9464 (docs/metrics.md)" };

    public static void AddTo(RootCommand program)
    {
        program.Add(Dir);
        program.Add(Config);
        program.Add(Json);
    }

    /// <summary>The settings of this invocation. One of --dir and --config is required.</summary>
    public static PipelineSettings Settings(this ParseResult parsed)
    {
        var (dir, config) = (parsed.GetValue(Dir), parsed.GetValue(Config));
        return dir is null && config is null
            ? throw new UsageException(
                "no installation is named. Give --dir DIR for one in a directory (it is made when it is absent), or --config FILE.")
            : SettingsLoader.Load(config, dir, SettingsLoader.Environment());
    }

    /// <summary>Sets what the command does: it is given where to write, and ends with an exit code.</summary>
    public static Command Does(this Command command, Func<ParseResult, Printer, CancellationToken, Task<int>> action)
    {
        command.SetAction((parsed, stop) => action(parsed, new Printer(parsed.GetValue(Json)), stop));
        return command;
    }
}
