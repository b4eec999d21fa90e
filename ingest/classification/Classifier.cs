using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Classification;

/// <summary>What a request asked for, as far as the datasets know it.</summary>
internal enum Asked : byte { Other, XenCenterUpdates, AgentUpdates }

/// <summary>
/// What was asked, and by whom. Only the last path segment counts: the directory of XenCenter's file is a secret of its build, and agents
/// are redirected to any directory.
/// Names are compared in any case, because Windows administrators mirror the files so.
/// </summary>
internal static class Classifier
{
    /// <summary>The path is without its query. No part is decoded: a client of ours never escapes these names.</summary>
    public static Asked Path(ReadOnlySpan<byte> path)
    {
        var slash = path.LastIndexOf((byte)'/');
        if (slash < 0)
        {
            return Asked.Other;
        }
        var segment = path[(slash + 1)..];
        if (segment.Length < 11)
        {
            return Asked.Other;
        }
        if ((segment[^1] | 0x20) == 'l')
        {
            // 2023 and later ask for XCUpdates.xml, builds of 2022 for CHCUpdates.xml, all others and the server updates for updates.xml.
            var known = segment.Length switch
            {
                11 => segment.SequenceEqual("updates.xml"u8) || Ascii.EqualsIgnoreCase(segment, "updates.xml"u8),
                13 => segment.SequenceEqual("XCUpdates.xml"u8) || Ascii.EqualsIgnoreCase(segment, "XCUpdates.xml"u8),
                14 => Ascii.EqualsIgnoreCase(segment, "CHCUpdates.xml"u8),
                _ => false,
            };
            return known ? Asked.XenCenterUpdates : Asked.Other;
        }
        return IsAgentList(segment) ? Asked.AgentUpdates : Asked.Other;
    }

    /// <summary>updates.tsv, updates.json, and with `2`, `v2`, `latest` or an agent's own version of three or four numbers in the middle:
    /// the lists that agents of all ages ask for.</summary>
    private static bool IsAgentList(ReadOnlySpan<byte> segment)
    {
        if (!segment.StartsWith("updates."u8) && !Ascii.EqualsIgnoreCase(segment[..8], "updates."u8))
        {
            return false;
        }
        var rest = segment[8..];
        if (Ascii.EqualsIgnoreCase(rest[^3..], "tsv"u8))
        {
            rest = rest[..^3];
        }
        else if (rest.Length >= 4 && Ascii.EqualsIgnoreCase(rest[^4..], "json"u8))
        {
            rest = rest[..^4];
        }
        else
        {
            return false;
        }
        if (rest.Length == 0)
        {
            return true;
        }
        if (rest[^1] != '.')
        {
            return false;
        }
        var middle = rest[..^1];
        return middle.SequenceEqual("2"u8) || Ascii.EqualsIgnoreCase(middle, "v2"u8) || Ascii.EqualsIgnoreCase(middle, "latest"u8)
            || IsVersion(middle);
    }

    private static bool IsVersion(ReadOnlySpan<byte> text)
    {
        int dots = 0, digits = 0;
        foreach (var c in text)
        {
            if ((uint)(c - '0') <= 9)
            {
                digits++;
            }
            else if (c == '.' && digits > 0)
            {
                dots++;
                digits = 0;
            }
            else
            {
                return false;
            }
        }
        return digits > 0 && dots is 2 or 3;
    }

    /// <summary>
    /// The version in XenCenter's agent string, `XenCenter/a.b.c.d (64-bit)`; developers' builds are unbranded, `[XenCenter]/…`.
    /// IIS and App Service write + for a space; no client has a + there of its own, so both are taken in every format.
    /// The name is compared exactly: it is compiled in, and other consoles (XCP-ng Center) have other names.
    /// </summary>
    /// <returns>False, with the reason, when this is not XenCenter or its version has another shape.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryVersion(ReadOnlySpan<byte> agent, out ReadOnlySpan<byte> version, out Reason reason)
    {
        version = default;
        ReadOnlySpan<byte> rest;
        if (agent.StartsWith("XenCenter/"u8))
        {
            rest = agent[10..];
        }
        else if (agent.StartsWith("[XenCenter]/"u8))
        {
            rest = agent[12..];
        }
        else
        {
            reason = agent.Length == 0 || (agent.Length == 1 && agent[0] == '-') ? Reason.NoAgentString : Reason.OtherClient;
            return false;
        }
        reason = Reason.BadVersion;
        if (rest.Length < 9 + 7)
        {
            return false;
        }
        var size = rest[^9..];
        if (size[0] is not ((byte)' ' or (byte)'+') || !(size[1..].SequenceEqual("(64-bit)"u8) || size[1..].SequenceEqual("(32-bit)"u8)))
        {
            return false;
        }
        version = rest[..^9];
        return version.Length <= 15 ? IsShortFourNumbers(rest, version.Length) : IsFourNumbers(version);
    }

    /// <summary>
    /// The same for at most 15 bytes, all at once: three dots, none of them first, last or beside another, leave at most nine digits to a
    /// number.
    /// The text goes on behind the version, and has sixteen bytes.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsShortFourNumbers(ReadOnlySpan<byte> text, int length)
    {
        var bytes = Vector128.Create(text[..16]);
        var within = (1u << length) - 1;
        var dots = Vector128.Equals(bytes, Vector128.Create((byte)'.')).ExtractMostSignificantBits() & within;
        var digits = Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)'0'), Vector128.Create((byte)9))
            .ExtractMostSignificantBits() & within;
        var edges = 1u | (within + 1) >> 1;
        return ((dots | digits) == within) & (BitOperations.PopCount(dots) == 3) & ((dots & (dots >> 1 | edges)) == 0);
    }

    /// <summary>Four numbers of one to nine digits with dots between, as the contract's pattern has it.</summary>
    private static bool IsFourNumbers(ReadOnlySpan<byte> text)
    {
        int dots = 0, digits = 0;
        foreach (var c in text)
        {
            if ((uint)(c - '0') <= 9)
            {
                if (++digits > 9)
                {
                    return false;
                }
            }
            else if (c == '.' && digits > 0)
            {
                dots++;
                digits = 0;
            }
            else
            {
                return false;
            }
        }
        return dots == 3 && digits > 0;
    }
}
