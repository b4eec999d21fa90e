namespace Pipeline.Worlds;

/// <summary>What a line truly is. After the two datasets come the rejections, in the fixed order in which the first failing check names
/// them (rule 30).</summary>
public enum Outcome
{
    XenCenter,
    Agent,
    Empty,
    TooLong,
    Malformed,
    BadTime,
    OtherPath,
    NotGet,
    NoAgentString,
    OtherClient,
    BadVersion,
}

public static class Outcomes
{
    private static readonly string[] Codes =
    [
        "xencenter-checks", "agent-updates",
        "empty", "too-long", "malformed", "bad-time", "other-path", "not-get", "no-agent-string", "other-client", "bad-version",
    ];

    /// <summary>The rejections' codes in their order.</summary>
    public static IReadOnlyList<string> Reasons { get; } = Codes[2..];

    public static bool IsRecord(this Outcome outcome) => outcome <= Outcome.Agent;

    /// <summary>The dataset of a record, or the reason of a rejection.</summary>
    public static string Code(this Outcome outcome) => Codes[(int)outcome];
}
