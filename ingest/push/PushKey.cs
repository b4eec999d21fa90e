using System.Globalization;
using System.Text;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Push;

/// <summary>A push's place in its client's stream (rule 32): the keyed hash of the stream's token, and the sequence, from 1.</summary>
public readonly record struct PushKey(string Stream, long Sequence)
{
    /// <summary>The longest stream token, in characters.</summary>
    public const int MaxToken = 128;

    /// <summary>What a key looks like, for messages.</summary>
    public const string Shape =
        "Idempotency-Key: STREAM:SEQUENCE, where STREAM is 1 to 128 visible ASCII characters without ':' and SEQUENCE is 1, 2, 3 … " +
        "without leading zeros";

    /// <summary>Reads the header's value; null where it is not of <see cref="Shape"/>. The token itself is kept nowhere.</summary>
    public static PushKey? Parse(string value, KeyedHash pushes)
    {
        var colon = value.IndexOf(':');
        if (colon is < 1 or > MaxToken || value.AsSpan(0, colon).ContainsAnyExceptInRange('!', '~'))
        {
            return null;
        }
        var digits = value.AsSpan(colon + 1);
        if (digits.IsEmpty || digits[0] == '0' || !long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            || sequence == long.MaxValue)
        {
            return null;
        }
        Span<byte> token = stackalloc byte[MaxToken];
        return new PushKey(pushes.Of(token[..Encoding.ASCII.GetBytes(value.AsSpan(0, colon), token)]), sequence);
    }
}
