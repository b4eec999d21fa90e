namespace Pipeline.Tests.Unit.Files;

/// <summary>What happened in schedules: shows that a run met what it is for.</summary>
internal sealed class TailTotals
{
    public long Schedules, Polls, Lines, Read, Renames, CopyTruncates, Truncates, Cuts, Deletes, Gzips, LateLines, Kills, Detected,
        LostAtDestruction, LostWithTheDead, LostUnseen, HeldBack, DoubledByCut, Lost, Doubled;

    public void Add(TailTotals other)
    {
        foreach (var field in typeof(TailTotals).GetFields())
        {
            field.SetValue(this, (long)field.GetValue(this)! + (long)field.GetValue(other)!);
        }
    }

    public override string ToString() => string.Join(", ", typeof(TailTotals).GetFields()
        .Select(field => $"{field.Name} {field.GetValue(this)}"));
}
