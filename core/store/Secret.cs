namespace Pipeline.Core.Store;

/// <summary>A text that is never shown: not in a message, not in a record's text.</summary>
public sealed class Secret(string text)
{
    public string Reveal() => text;

    public override string ToString() => "(secret)";
}
