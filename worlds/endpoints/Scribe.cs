namespace Pipeline.Worlds;

/// <summary>
/// Writes lines of one format and, at the given rate, bad ones: a request that is cut or whose time is spoilt becomes a rejection, and junk
/// (NUL, foreign text, 70,000 bytes, nothing) comes as a line more. What it reports is what it wrote.
/// </summary>
internal sealed class Scribe(LineFormat format, double badLineRate, Random random)
{
    private static readonly string[] Foreign = ["<SCRIPT>alert(1)</SCRIPT>", "{\"records\":[", "\u0016\u0003\u0001", "Segmentation fault",
        "\ufffd\ufffd - - ["];

    public LineBuffer Buffer { get; } = new();

    /// <summary>Perhaps appends a line that is no request at all.</summary>
    public bool Junk(out Outcome outcome)
    {
        outcome = default;
        if (!random.Happens(badLineRate * 2 / 3))
        {
            return false;
        }
        switch (random.Next(4))
        {
            case 0:
                Buffer.Put(0, 40);
                outcome = Outcome.Malformed;
                break;
            case 1:
                Buffer.Put(random.Pick<string>(Foreign));
                outcome = Outcome.Malformed;
                break;
            case 2:
                Buffer.Put((byte)'-', 70_000);
                outcome = Outcome.TooLong;
                break;
            default:
                outcome = Outcome.Empty;
                break;
        }
        Buffer.Put(format.NewLine);
        return true;
    }

    /// <summary>Appends the request's line, perhaps spoilt. Returns the request as the line shows it.</summary>
    public Request Write(Request request)
    {
        if (!random.Happens(badLineRate / 3))
        {
            return Line(request);
        }
        if (random.Happens(0.5))
        {
            return Line(request with { TimeDefect = 1 + random.Next(LineFormat.TimeDefects), Outcome = Outcome.BadTime });
        }
        var from = Buffer.Length;
        format.Write(request, Buffer);
        var (least, most) = format.Cuttable(Buffer.Written[from..]);
        Buffer.Length = from + random.Next(least, most);
        Buffer.Put(format.NewLine);
        return request with { Outcome = Outcome.Malformed };
    }

    private Request Line(Request request)
    {
        var shown = format.Write(request, Buffer);
        Buffer.Put(format.NewLine);
        return request with { Micros = shown };
    }
}
