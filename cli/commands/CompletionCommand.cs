using System.CommandLine;
using Pipeline.Cli.Output;
using Pipeline.Core;

namespace Pipeline.Cli.Commands;

/// <summary>`completion SHELL`: a script that lets the shell ask the program itself what may come next, so that it never falls
/// behind.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _pipeline() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _pipeline pipeline
        """;

    private const string Zsh = """
        #compdef pipeline
        _pipeline() {
          local -a found
          found=("${(@f)$(${words[1]} "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
          compadd -a found || _files
        }
        compdef _pipeline pipeline
        """;

    private const string Fish = """
        complete -c pipeline -a '(set -l line (commandline -cp); pipeline "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" }.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return new Command("completion", "a script that completes commands and options: source <(pipeline completion bash)") { shell }.Does(
            (parsed, _, _) =>
        {
            Console.Out.WriteLine(parsed.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return Task.FromResult(ExitCode.Done);
        });
    }
}
