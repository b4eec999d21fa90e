using System.Runtime.CompilerServices;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>
/// nginx's access log of a log_format of one's own, `nginx:LOG_FORMAT`: the string as it stands in nginx.conf. It takes no part in
/// detection.
/// A variable ends where the literal text behind it begins; within double quotes at the quote that closes them, since nginx writes a
/// client's own as `\x22`. A line in which a literal is not where it must be, or with more behind the last, is malformed.
/// </summary>
public sealed class NginxFormat : ILineFormat
{
    private readonly byte[] _first;
    private readonly NginxStep[] _steps;

    /// <param name="client">Null: `$remote_addr` is the client's.</param>
    /// <exception cref="Core.PipelineException">2: nothing could be read by this log_format; the message says why.</exception>
    public NginxFormat(string logFormat, ClientAddressRule? client = null)
    {
        (_first, _steps) = NginxLogFormat.Compile(logFormat, client);
        Client = client;
    }

    public string Name => "nginx";

    internal ClientAddressRule? Client { get; }

    internal ReadOnlySpan<byte> First => _first;

    internal ReadOnlySpan<NginxStep> Steps => _steps;

    public bool IsDirective(ReadOnlySpan<byte> line) => false;

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields) => null;

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<byte> scratch = stackalloc byte[2 * ClientAddress.MaxLength];
        var clock = new NginxClock();
        var lines = new LineReader(block);
        scoped Request request;
        while (lines.Next(out var line))
        {
            request = default;
            into.NextLine();
            if (lines.Refuses(line, out var reason) || !TryRead(line, scratch, ref clock, ref request, out reason))
            {
                into.Reject(reason);
                continue;
            }
            Minimiser.Take(request, into);
        }
        return null;
    }

    private bool TryRead(ReadOnlySpan<byte> line, Span<byte> scratch, scoped ref NginxClock clock, scoped ref Request request,
        out Reason reason)
    {
        reason = Reason.Malformed;
        if (!line.StartsWith(_first))
        {
            return false;
        }
        var rest = line[_first.Length..];
        ReadOnlySpan<byte> clients = default;
        var timely = false;
        foreach (ref readonly var step in _steps.AsSpan())
        {
            int end;
            switch (step.Part)
            {
                case NginxPart.Address:
                    if (!TryAddress(step, rest, scratch, out end, out request.Address))
                    {
                        return false;
                    }
                    break;
                case NginxPart.TimeLocal when rest.Length >= LogClock.Length && rest[LogClock.Length..].StartsWith(step.Next):
                    end = step.Next.Length == 0 ? rest.Length : LogClock.Length;
                    timely = end == LogClock.Length && clock.Local.TryRead(rest, out request.Micros);
                    break;
                default:
                    end = step.End(rest);
                    if (end < 0 || !TryTake(step.Part, rest[..end], ref clock, ref request, ref clients, ref timely))
                    {
                        return false;
                    }
                    break;
            }
            rest = rest[(end + step.Next.Length)..];
        }
        if (!rest.IsEmpty)
        {
            return false;
        }
        if (!timely)
        {
            reason = Reason.BadTime;
            return false;
        }
        reason = Reason.UntrustedAddress;
        return Client is null || Client.TryClient(request.Address, clients, scratch[ClientAddress.MaxLength..], out request.Address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAddress(in NginxStep step, ReadOnlySpan<byte> text, Span<byte> scratch, out int end,
        out ReadOnlySpan<byte> address)
    {
        // A quad is read at once, and shows where it ends.
        end = ClientAddress.DottedQuad(text);
        if (end > 0 && step.Next.Length > 0 && text[end..].StartsWith(step.Next))
        {
            address = text[..end];
            return true;
        }
        end = step.End(text);
        address = default;
        return end >= 0 && ClientAddress.TryNormalise(text[..end], scratch, out address);
    }

    /// <summary>False where the value has not the shape of its part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryTake(NginxPart part, ReadOnlySpan<byte> value, scoped ref NginxClock clock, scoped ref Request request,
        scoped ref ReadOnlySpan<byte> clients, scoped ref bool timely)
    {
        switch (part)
        {
            case NginxPart.Skipped:
                return true;
            case NginxPart.Request:
                return LogRequest.TryRead(value, ref request);
            case NginxPart.Agent:
                request.Agent = value;
                return true;
            case NginxPart.Method:
                request.Method = value;
                return value.Length is > 0 and <= 32 && !value.SequenceEqual("-"u8) && LogRequest.IsMethod(value);
            case NginxPart.Target:
                if (value.IsEmpty)
                {
                    return false;
                }
                LogRequest.Target(value, ref request);
                return true;
            case NginxPart.Path:
                request.Path = value;
                return !value.IsEmpty;
            case NginxPart.Query:
                request.Query = value;
                return true;
            case NginxPart.Clients:
                clients = value;
                return true;
            case NginxPart.TimeIso:
                timely = clock.Iso.TryRead(value, out request.Micros);
                return true;
            case NginxPart.TimeUnix:
                timely = Timestamps.TryUnix(value, out request.Micros);
                return true;
            default:
                // A local time of another length has its place, but cannot be read.
                return true;
        }
    }

    private struct NginxClock
    {
        public LogClock Local;
        public IsoClock Iso;
    }
}
