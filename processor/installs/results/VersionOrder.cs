namespace Pipeline.Processor.Installs.Results;

/// <summary>Versions as people order them: 8.2.7 before 8.2.10. Parts that are no numbers come before numbers, in ordinal order, so the
/// order is total.</summary>
public sealed class VersionOrder : IComparer<string>
{
    public static readonly VersionOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = ((x ?? "").Split('.'), (y ?? "").Split('.'));
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            if (Part(left[i], right[i]) is var order and not 0)
            {
                return order;
            }
        }
        return left.Length != right.Length ? left.Length.CompareTo(right.Length) : string.CompareOrdinal(x, y);
    }

    private static int Part(string left, string right)
    {
        var (isLeft, isRight) = (IsNumber(left), IsNumber(right));
        if (!isLeft || !isRight)
        {
            return isLeft != isRight ? isLeft.CompareTo(isRight) : string.CompareOrdinal(left, right);
        }
        var (one, two) = (left.TrimStart('0'), right.TrimStart('0'));
        return one.Length != two.Length ? one.Length.CompareTo(two.Length) : string.CompareOrdinal(one, two);
    }

    private static bool IsNumber(string part) => part.Length > 0 && part.All(char.IsAsciiDigit);
}
