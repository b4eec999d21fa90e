using Pipeline.Core;
using Pipeline.Core.Store;

namespace Pipeline.Cli;

/// <summary>The exit codes of the program: a promise to users' scripts, documented in the README.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, WrongUsage = 2, Difference = 3, RefusedByPolicy = 4, Outage = 5, Fenced = 6, AuditIntegrity = 7,
        Configuration = 78, Interrupted = 130;

    /// <summary>The one place where a fault becomes an exit code.</summary>
    public static int Of(Exception fault) => fault switch
    {
        UsageException => WrongUsage,
        DifferenceException => Difference,
        PolicyException => RefusedByPolicy,
        OutageException => Outage,
        FencedException => Fenced,
        ConfigurationException => Configuration,
        ShardStoppedException { Fault: { } cause } => Of(cause),
        StoreException { Fault: StoreFault.Refused } => Configuration,
        StoreException => Outage,
        _ => Failed,
    };
}
