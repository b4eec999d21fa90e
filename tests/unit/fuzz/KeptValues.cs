using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>What may be kept, said a second time and by the platform's own parts: what does not hold is told in words without a
/// value.</summary>
internal static partial class KeptValues
{
    private static readonly long From = Micros(2010), Until = Micros(2100);

    /// <summary>Null: all rows hold.</summary>
    public static string? Wrong(ParsedLines lines) => Wrong(lines.XenCenter, Version()) ?? Wrong(lines.Agent, Prefix());

    private static string? Wrong(Columns rows, Regex second)
    {
        Span<char> text = stackalloc char[64];
        for (var row = 0; row < rows.Rows; row++)
        {
            if (rows.Time[row] < From || rows.Time[row] >= Until)
            {
                return "a time is not from 2010 to 2100";
            }
            if (!IsAddress(rows.Strings[0][row]))
            {
                return "an address is neither a dotted quad nor of RFC 5952";
            }
            var value = rows.Strings[1][row];
            if (rows.Strings[1].IsPresent(row) && (value.Length > 39 || !second.IsMatch(text[..Encoding.Latin1.GetChars(value, text)])))
            {
                return $"a {rows.Strings[1].Name} is not of its contract's pattern";
            }
        }
        return null;
    }

    /// <summary>Read by the platform and written again by RFC 5952, section 4, it is the same.</summary>
    public static bool IsAddress(ReadOnlySpan<byte> address)
    {
        if (address.Length > 39 || !IPAddress.TryParse(address, out var parsed) || parsed.IsIPv4MappedToIPv6)
        {
            return false;
        }
        Span<byte> again = stackalloc byte[64];
        if (parsed.AddressFamily == AddressFamily.InterNetwork)
        {
            return parsed.TryFormat(again, out var written) && address.SequenceEqual(again[..written]);
        }
        return address.SequenceEqual(Encoding.ASCII.GetBytes(Rfc5952(parsed)));
    }

    private static string Rfc5952(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        var groups = Enumerable.Range(0, 8).Select(i => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2 * i))).ToArray();
        var (best, length) = (0, 1);
        for (var i = 0; i < 8; i++)
        {
            var run = groups.Skip(i).TakeWhile(g => g == 0).Count();
            (best, length) = run > length ? (i, run) : (best, length);
        }
        string Join(IEnumerable<ushort> part) => string.Join(':', part.Select(g => g.ToString("x", CultureInfo.InvariantCulture)));
        return length < 2 ? Join(groups) : $"{Join(groups.Take(best))}::{Join(groups.Skip(best + length))}";
    }

    private static long Micros(int year) => new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;

    [GeneratedRegex(@"^[0-9]{1,9}(\.[0-9]{1,9}){3}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Version();

    [GeneratedRegex(@"^[0-9a-f]{4}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Prefix();
}
