using System.Runtime.CompilerServices;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>The request of a line: method, path, query and protocol. Nothing is decoded.</summary>
internal static class LogRequest
{
    /// <summary>`METHOD target HTTP/x`. The requests of TLS on a plain port, `-` of a client that sent nothing, and the empty one have
    /// another shape.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> text, scoped ref Request request)
    {
        ReadOnlySpan<byte> target;
        if (text.StartsWith("GET "u8))
        {
            request.Method = text[..3];
            target = text[4..];
        }
        else
        {
            var blank = text.IndexOf((byte)' ');
            if (blank is <= 0 or > 32 || !IsMethod(text[..blank]))
            {
                return false;
            }
            request.Method = text[..blank];
            target = text[(blank + 1)..];
        }
        var end = target.IndexOf((byte)' ');
        if (end <= 0 || !IsProtocol(target[(end + 1)..]))
        {
            return false;
        }
        Target(target[..end], ref request);
        return true;
    }

    /// <summary>Path and query of a target that is not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Target(ReadOnlySpan<byte> target, scoped ref Request request)
    {
        if (target[0] != '/')
        {
            target = WithoutHost(target);
        }
        var question = target.IndexOf((byte)'?');
        request.Path = question < 0 ? target : target[..question];
        request.Query = question < 0 ? default : target[(question + 1)..];
    }

    /// <summary>A proxy's absolute form, `http://host/path`: without the host, which could look like a file name.</summary>
    private static ReadOnlySpan<byte> WithoutHost(ReadOnlySpan<byte> target)
    {
        var scheme = target.IndexOf("://"u8);
        if (scheme is not (4 or 5))
        {
            return target;
        }
        var host = target[(scheme + 3)..];
        var path = host.IndexOfAny((byte)'/', (byte)'?');
        return path < 0 ? default : host[path..];
    }

    /// <summary>Letters, hyphens and underscores.</summary>
    public static bool IsMethod(ReadOnlySpan<byte> text)
    {
        foreach (var c in text)
        {
            if ((uint)((c | 0x20) - 'a') > 25 && c is not ((byte)'-' or (byte)'_'))
            {
                return false;
            }
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsProtocol(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("HTTP/1.1"u8))
        {
            return true;
        }
        return text.Length is 6 or 8 && text.StartsWith("HTTP/"u8) && (uint)(text[5] - '0') <= 9
            && (text.Length == 6 || (text[6] == '.' && (uint)(text[7] - '0') <= 9));
    }
}
