using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>Where brokers of this run come from.</summary>
internal enum BrokerKind
{
    /// <summary>Brokers that someone else runs.</summary>
    Given,

    /// <summary>A release of Kafka, started here.</summary>
    Home,

    /// <summary>A script that starts, kills and wipes brokers.</summary>
    Script,

    /// <summary>A container.</summary>
    Docker,
}

/// <param name="Value">Addresses, a release's folder, or the script; empty for Docker.</param>
internal sealed record BrokerPlace(BrokerKind Kind, string Value)
{
    /// <summary>Why the tests are skipped where <see cref="Find"/> finds nothing.</summary>
    public const string None =
        "no Kafka broker: set KAFKA_BOOTSTRAP_SERVERS to one that runs, or KAFKA_HOME to a Kafka release (with Java 17 or newer on the " +
            "PATH), or put the broker script at ../shared/kafka/broker beside the repository, or start Docker";

    private static readonly Lazy<BrokerPlace?> Found = new(Look);

    /// <summary>The first that is there: KAFKA_BOOTSTRAP_SERVERS, KAFKA_HOME, the script (`../shared/kafka/broker` beside the repository,
    /// or where KAFKA_BROKER_SCRIPT says), Docker. Null: none.</summary>
    public static BrokerPlace? Find() => Found.Value;

    /// <summary>Whether tests may start brokers of their own, kill them, and choose their properties.</summary>
    public bool MayHaveOwn => Kind is BrokerKind.Home or BrokerKind.Script;

    private static BrokerPlace? Look()
    {
        if (Variable("KAFKA_BOOTSTRAP_SERVERS") is { } servers)
        {
            return new BrokerPlace(BrokerKind.Given, servers);
        }
        if (Variable("KAFKA_HOME") is { } home)
        {
            var start = Path.Combine(home, "bin", "kafka-server-start.sh");
            return File.Exists(start) ? new BrokerPlace(BrokerKind.Home, home)
                : throw new InvalidOperationException(
                $"KAFKA_HOME is {home}, where there is no bin/kafka-server-start.sh; expected the folder of a Kafka release.");
        }
        if (Variable("KAFKA_BROKER_SCRIPT") is { } named)
        {
            return File.Exists(named) ? new BrokerPlace(BrokerKind.Script, named)
                : throw new InvalidOperationException($"KAFKA_BROKER_SCRIPT is {named}, which is no file.");
        }
        var script = Path.GetFullPath(Path.Combine(Repository(), "..", "shared", "kafka", "broker"));
        return File.Exists(script) && OnPath("java") ? new BrokerPlace(BrokerKind.Script, script) : DockerAnswers()
            ? new BrokerPlace(BrokerKind.Docker, "") : null;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string Repository([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..");

    private static bool OnPath(string program) =>
        (Variable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    private static bool DockerAnswers()
    {
        if (!OnPath("docker"))
        {
            return false;
        }
        using var docker =
            Process.Start(new ProcessStartInfo("docker", ["info"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        docker.OutputDataReceived += (_, _) => { };
        docker.ErrorDataReceived += (_, _) => { };
        docker.BeginOutputReadLine();
        docker.BeginErrorReadLine();
        if (!docker.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            docker.Kill();
            return false;
        }
        return docker.ExitCode == 0;
    }
}
