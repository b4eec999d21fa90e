namespace Pipeline.Ingest.Files;

/// <summary>A file is there and cannot be read as a log. The message says why, and never names the file.</summary>
public sealed class UnreadableFileException(string why) : IOException(why)
{
    /// <summary>Why a file cannot be read, without its name: messages of the system name it, so of those only the error's type is
    /// told.</summary>
    public static string Why(Exception error) => error switch
    {
        UnreadableFileException => error.Message,
        UnauthorizedAccessException => "this program's user may not read it",
        _ => $"it cannot be read ({error.GetType().Name})",
    };
}
