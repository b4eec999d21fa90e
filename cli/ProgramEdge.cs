using System.CommandLine;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli;

/// <summary>
/// The outermost handler: what a command could not do becomes a message on standard error and the exit code of the README. Expected stops
/// tell what to do;
/// of a surprise only type and stack are shown, because its message could hold a line (rule 35).
/// </summary>
internal static class ProgramEdge
{
    public static async Task<int> RunAsync(RootCommand program, string[] args)
    {
        var parsed = program.Parse(Words(args));
        if (WrongUsage(parsed, args) is { Count: > 0 } wrongs)
        {
            wrongs.ForEach(Say);
            await Console.Error.WriteLineAsync($"See: {Path(parsed.CommandResult)} --help");
            return ExitCode.WrongUsage;
        }
        using var signals = new Signals();
        try
        {
            // Signals are handled here, so that `run` can finish what it holds.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null }, signals.Stop);
        }
        catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
        {
            Say("interrupted. What was acknowledged is stored; run the command again to go on.");
            return ExitCode.Interrupted;
        }
        catch (Exception e)
        {
            return Explain(e);
        }
    }

    /// <summary>`pipeline help verify` and `pipeline version`, as other programs have them.</summary>
    private static string[] Words(string[] args) => args switch
    {
        ["help", .. var rest] => [.. rest, "--help"],
        ["version"] => ["--version"],
        _ => args,
    };

    private static List<string> WrongUsage(ParseResult parsed, string[] args)
    {
        var command = parsed.CommandResult.Command;
        if (parsed.Errors.Count > 0 && parsed.UnmatchedTokens is [var typed, ..])
        {
            var known = command.Subcommands.Select(c => c.Name).Concat(Options(parsed.CommandResult));
            var kind = command.Subcommands.Count > 0 && !typed.StartsWith('-') ? "command" : "option or argument";
            return [$"'{typed}' is no {kind} of {Path(parsed.CommandResult)}.{Suggestion.For(typed, known)}"];
        }
        var empty = args.Contains("") && parsed.Errors.Count == 0 && !parsed.Tokens.Any(token => token.Value == "--help");
        return empty ? ["an argument is empty; expected a value. A variable of the shell may not be set."]
            : [.. parsed.Errors.Select(error => error.Message)];
    }

    private static IEnumerable<string> Options(System.CommandLine.Parsing.CommandResult result) =>
        result.Command.Options.Select(option => option.Name)
            .Concat(result.Parent is System.CommandLine.Parsing.CommandResult above ? Options(above) : []);

    /// <summary>Says what went wrong; the exit code for it.</summary>
    public static int Explain(Exception error)
    {
        switch (error)
        {
            case PipelineException e:
                Say(e.Message);
                break;
            case StoreException { Fault: StoreFault.Refused } e:
                Say(e.Message);
                break;
            case StoreException e:
                Say($"{e.Message} Then run the command again.");
                break;
            default:
                Say($"a fault of this program ({error.GetType().FullName}). Please report it with what follows; the message is left " +
                    $"out, because it could hold a part of a log line.");
                for (var e = error; e is not null; e = e.InnerException)
                {
                    Console.Error.WriteLine($"{e.GetType().FullName}\n{e.StackTrace}");
                }
                break;
        }
        return ExitCode.Of(error);
    }

    public static void Say(string message) => Console.Error.WriteLine("error: " + Output.Say.Plain(message));

    private static string Path(System.CommandLine.Parsing.CommandResult command) =>
        command.Parent is System.CommandLine.Parsing.CommandResult above ? $"{Path(above)} {command.Command.Name}" : "pipeline";
}
