namespace Pipeline.Cli.Kafka;

/// <summary>A password. It prints as stars wherever a record that holds it is printed.</summary>
public sealed record Secret(string Value)
{
    public override string ToString() => "***";
}
