using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats.W3c;

/// <summary>
/// W3C extended logs as IIS and App Service write them: one blank between fields, `-` for an empty one, + for a blank within one, times in
/// UTC.
/// Requests to Kudu, the administration of an App Service, have a site of their own (`~1NAME`) and are of another path, whatever they ask
/// for.
/// `#Fields` says the columns and may change anywhere, since the server writes its header again after a restart or an idle time. A row of
/// another number of columns is malformed: never is a column read that the list does not vouch for.
/// </summary>
/// <param name="name">`iis-w3c`, or `appservice-w3c`, which is the same: its own `#Fields` tells the difference.</param>
/// <param name="client">Null: `c-ip` is the client's.</param>
public sealed class W3cFormat(string name = "iis-w3c", ClientAddressRule? client = null) : ILineFormat
{
    public string Name => name;

    internal ClientAddressRule? Client => client;

    public bool IsDirective(ReadOnlySpan<byte> line)
    {
        line = LineReader.WithoutMark(line);
        return line.Length > 0 && line[0] == '#';
    }

    public string? FieldsAfter(ReadOnlySpan<byte> block, string? fields)
    {
        for (var before = block; before.LastIndexOf("#Fields:"u8) is var at and >= 0; before = before[..at])
        {
            var start = at >= 3 && LineReader.WithoutMark(block[(at - 3)..at]).IsEmpty ? at - 3 : at;
            if (start != 0 && block[start - 1] != '\n')
            {
                continue;
            }
            var line = block[at..];
            var end = line.IndexOf((byte)'\n');
            return W3cFields.Read(end < 0 ? line : line[..end], fields, client);
        }
        return fields;
    }

    public string? Parse(ReadOnlySpan<byte> block, string? fields, ParsedLines into)
    {
        ArgumentNullException.ThrowIfNull(into);
        Span<byte> scratch = stackalloc byte[2 * ClientAddress.MaxLength];
        Span<int> ends = stackalloc int[W3cFields.MaxColumns];
        var columns = W3cFields.Of(fields, client);
        var clock = new IsoClock();
        var lines = new LineReader(block);
        while (lines.Next(out var line))
        {
            into.NextLine();
            if (line.Length > 0 && line[0] == '#')
            {
                if (line.StartsWith("#Fields:"u8))
                {
                    var list = W3cFields.Read(line, fields, client);
                    columns = ReferenceEquals(list, fields) ? columns : W3cFields.Of(list, client);
                    fields = list;
                }
                continue;
            }
            if (lines.Refuses(line, out var reason) || !TryRead(line, columns, scratch, ends, ref clock, out var request, out reason))
            {
                into.Reject(reason);
                continue;
            }
            if (!columns.IsPlain && !TryCareful(line, columns, scratch, ends, ref request, out reason))
            {
                into.Reject(reason);
                continue;
            }
            Minimiser.Take(request, into);
        }
        return fields;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryRead(ReadOnlySpan<byte> line, in W3cFields columns, Span<byte> scratch, Span<int> ends, ref IsoClock clock,
        out Request request, out Reason reason)
    {
        request = default;
        reason = Reason.Malformed;
        if (!columns.Usable || !Split(line, columns.Columns, ends))
        {
            return false;
        }
        request.Method = Column(line, ends, columns.Method);
        request.Path = Column(line, ends, columns.Stem);
        request.Agent = Column(line, ends, columns.Agent);
        request.Query = columns.Query < 0 ? default : Column(line, ends, columns.Query);
        if (!TryAddress(line, ends, columns.Address, scratch, out request.Address) || request.Method.IsEmpty || request.Path.IsEmpty)
        {
            return false;
        }
        reason = Reason.BadTime;
        return clock.TryRead(Column(line, ends, columns.Date), Column(line, ends, columns.Time), out request.Micros);
    }

    /// <summary>Whose address the request has, and whether it was to the site itself.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryCareful(ReadOnlySpan<byte> line, in W3cFields columns, Span<byte> scratch, ReadOnlySpan<int> ends, ref Request request,
        out Reason reason)
    {
        reason = Reason.UntrustedAddress;
        if (client is not null && !client.TryClient(request.Address, columns.Client < 0 ? default
            : Column(line, ends, columns.Client), scratch[ClientAddress.MaxLength..], out request.Address))
        {
            return false;
        }
        reason = Reason.OtherPath;
        return columns.Site < 0 || !Column(line, ends, columns.Site).StartsWith("~1"u8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAddress(ReadOnlySpan<byte> line, ReadOnlySpan<int> ends, int column, Span<byte> scratch,
        out ReadOnlySpan<byte> address)
    {
        address = Column(line, ends, column);
        var start = ends[column] - address.Length;

        // With what follows in the line the quad can be read at once.
        return ClientAddress.DottedQuad(line[start..]) == address.Length ? address.Length > 0
            : ClientAddress.TryNormalise(address, scratch, out address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ReadOnlySpan<byte> Column(ReadOnlySpan<byte> line, ReadOnlySpan<int> ends, int column)
    {
        var start = column == 0 ? 0 : ends[column - 1] + 1;
        return line[start..ends[column]];
    }

    /// <summary>Writes where each column ends; false when there are more or fewer than declared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Split(ReadOnlySpan<byte> line, int columns, Span<int> ends)
    {
        ref var first = ref MemoryMarshal.GetReference(line);
        int found = 0, at = 0;
        if (line.Length >= Vector256<byte>.Count)
        {
            var blank = Vector256.Create((byte)' ');
            while (true)
            {
                // The last vector overlaps the one before it; what that one saw is masked out.
                var from = Math.Min(at, line.Length - Vector256<byte>.Count);
                var blanks = Vector256.Equals(Vector256.LoadUnsafe(ref first, (nuint)from), blank)
                    .ExtractMostSignificantBits() & (uint.MaxValue << (at - from));
                if (found + BitOperations.PopCount(blanks) >= columns)
                {
                    return false;
                }
                for (; blanks != 0; blanks &= blanks - 1)
                {
                    ends[found++] = from + BitOperations.TrailingZeroCount(blanks);
                }
                at = from + Vector256<byte>.Count;
                if (at == line.Length)
                {
                    break;
                }
            }
        }
        else
        {
            for (; at < line.Length; at++)
            {
                if (line[at] == ' ')
                {
                    if (found + 1 >= columns)
                    {
                        return false;
                    }
                    ends[found++] = at;
                }
            }
        }
        ends[found] = line.Length;
        return found + 1 == columns;
    }
}
