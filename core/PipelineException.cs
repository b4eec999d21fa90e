namespace Pipeline.Core;

/// <summary>The exit codes of the program: a promise to users' scripts (DESIGN section 9).</summary>
public static class ExitCode
{
    public const int Done = 0, Failed = 1, WrongUsage = 2, Difference = 3, RefusedByPolicy = 4, Outage = 5, Fenced = 6, AuditIntegrity = 7, Configuration = 78, Interrupted = 130;
}

/// <summary>
/// An expected way to stop, with the exit code it means. The message says what, where, what was found, what was expected and what to do,
/// and never holds a log line's content.
/// </summary>
public sealed class PipelineException : Exception
{
    public PipelineException(int exitCode, string message, Exception? inner = null) : base(message, inner) => Code = exitCode;

    /// <summary>One of <see cref="ExitCode"/>.</summary>
    public int Code { get; }
}
