using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Pipeline.Cli.Output;

/// <summary>
/// Where a command writes. With `--json` exactly one document (a stream: one object a line) goes to standard output, and everything for
/// people to standard error; without it, people have
/// standard output. Colours, boxes and progress are for terminals; a pipe is given plain text.
/// </summary>
internal sealed class Printer
{
    public Printer(bool json)
    {
        IsJson = json;
        var terminal = json ? !Console.IsErrorRedirected : !Console.IsOutputRedirected;
        People = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(json ? Console.Error : Console.Out),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        IsTerminal = terminal;
        if (!terminal)
        {
            // Lines and cells hold paths, which a reader of the pipe wants whole.
            People.Profile.Width = 10_000;
            People.Profile.Capabilities.Unicode = true;
        }
    }

    public bool IsJson { get; }

    public bool IsTerminal { get; }

    public IAnsiConsole People { get; }

    /// <summary>The one document, or one line of a stream.</summary>
    public static void Json(string document)
    {
        Console.Out.Write(document);
        Console.Out.Write('\n');
    }

    public void Line(string text = "") => People.WriteLine(Say.Plain(text));

    /// <summary>A heading: bold on a terminal.</summary>
    public void Heading(string text)
    {
        People.WriteLine();
        People.Write(new Text(text, new Style(decoration: Decoration.Bold)));
        People.WriteLine();
    }

    /// <summary>A warning for people, on standard error.</summary>
    public static void Warn(string text) => Console.Error.WriteLine("warning: " + Say.Plain(text));

    /// <summary>Of a role's events those that cannot wait for the report: an outage while it lasts, damage when it is found.</summary>
    public static void Trouble(string line)
    {
        if (line.StartsWith("outage", StringComparison.Ordinal) || line.StartsWith("passed-over", StringComparison.Ordinal)
            || line.StartsWith("damaged", StringComparison.Ordinal))
        {
            Console.Error.WriteLine(line);
        }
    }

    /// <summary>Told once, when an installation's key was made.</summary>
    public static void NewKey(string? path)
    {
        if (path is not null)
        {
            Console.Error.WriteLine($"key made: {path}. Back it up: without it nothing that is written from now on can be verified.");
        }
    }

    /// <summary>A table whose columns are aligned as given: 'l' or 'r' each. Columns are as wide as their widest cell and no cell is
    /// broken, so that a row is a line; two spaces part the columns.</summary>
    public void Table(string align, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> all = [head, .. rows.Select(row => (IReadOnlyList<string>)[.. row.Select(Say.Plain)])];
        var widths = head.Select((_, column) => all.Max(row => row[column].Length)).ToList();
        for (var row = 0; row < all.Count; row++)
        {
            var cells = all[row].Select((cell, column) => align[column] == 'r' ? cell.PadLeft(widths[column])
                : cell.PadRight(widths[column]));
            var line = string.Join("  ", cells).TrimEnd();
            if (IsTerminal)
            {
                People.Write(new Text(line + Environment.NewLine, row == 0 ? new Style(decoration: Decoration.Bold) : Style.Plain)
                    .Overflow(Overflow.Fold));
            }
            else
            {
                People.WriteLine(line);
            }
        }
    }
}

/// <summary>Numbers as people read them.</summary>
internal static class Say
{
    /// <summary>Text of others, such as the name of a file, cannot move the cursor or colour a terminal: control characters are shown as
    /// `\x1b`.</summary>
    public static string Plain(string text)
    {
        if (!text.Any(IsControl))
        {
            return text;
        }
        var plain = new StringBuilder();
        foreach (var letter in text)
        {
            _ = IsControl(letter) ? plain.Append(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}") : plain.Append(letter);
        }
        return plain.ToString();
    }

    private static bool IsControl(char letter) => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t');

    public static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string N(long? number) => number is { } n ? N(n) : "-";

    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{N(bytes)} B",
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:N1} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:N1} GB"),
    };

    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:N2} s");

    /// <summary>An age: "12 s", "5 min", "3 h", "9 d".</summary>
    public static string Age(double? seconds) => seconds switch
    {
        null => "-",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:N0} s"),
        < 7_200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:N0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:N0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400:N0} d"),
    };

    /// <summary>"1 file", "2 files".</summary>
    public static string Count(long number, string one, string? many = null) => $"{N(number)} {(number == 1 ? one : many ?? one + "s")}";

    public static string List(IEnumerable<KeyValuePair<string, long>> counts)
    {
        var text = new StringBuilder();
        foreach (var (name, count) in counts)
        {
            text.Append(text.Length > 0 ? ", " : "").Append(name).Append(' ').Append(N(count));
        }
        return text.Length > 0 ? text.ToString() : "none";
    }
}
