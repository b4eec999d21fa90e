namespace Pipeline.Worlds;

/// <summary>How one kind of web server writes a request as a line.</summary>
internal abstract class LineFormat
{
    /// <summary>The name that `--format` knows it by.</summary>
    public abstract string Name { get; }

    public abstract string NewLine { get; }

    /// <summary>Ways to spoil a time; <see cref="Request.TimeDefect"/> is one of 1 … this.</summary>
    public const int TimeDefects = 4;

    /// <summary>Directive lines that stand before the data, or nothing.</summary>
    public virtual string Header(long at) => "";

    /// <summary>Writes the request without a line end, and says which instant the line shows: servers that write whole seconds cut the rest
    /// off.</summary>
    public abstract long Write(Request request, LineBuffer to);

    /// <summary>From and to, in characters from the line's begin: wherever between them the line is cut, it is no line of the format any
    /// more.</summary>
    public abstract (int From, int To) Cuttable(ReadOnlySpan<byte> line);

    public static LineFormat Named(string name, Random random) => name switch
    {
        "combined" => new CombinedFormat(TimeSpan.Zero),
        "iis-w3c" => new W3cFormat(),
        "appservice-json" => new AppServiceFormat(random),
        _ => throw new ArgumentException($"format '{name}' is not written here; expected combined, iis-w3c or appservice-json",
            nameof(name)),
    };
}
