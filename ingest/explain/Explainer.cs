using System.Globalization;
using System.Text;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Explain;

/// <summary>
/// Says of each line what the pipeline would keep of it. The verdict is that of the parser itself, given this one line; beside it stands
/// the shape of everything that is dropped, and why.
/// Of one thread at a time; lines come in their order, because a W3C log's field list holds for those below it.
/// </summary>
public sealed class Explainer(ILineFormat format)
{
    private readonly ParsedLines _parsed = new(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates);
    private string? _fields;
    private long _line;

    /// <param name="line">Without its terminator. Longer than a line may be: its first part, as much as tells that it is too long.</param>
    /// <param name="length">Its whole length in bytes.</param>
    public Explanation Next(ReadOnlySpan<byte> line, long length)
    {
        _line++;
        _parsed.Clear();
        // With its terminator, or an empty line would be none.
        _fields = format.Parse([.. line, (byte)'\n'], _fields, _parsed);
        var text = LineReader.WithoutMark(line.EndsWith("\r"u8) ? line[..^1] : line);
        if (_parsed.Lines == 0)
        {
            return new(_line, true, [], [],
                [new("line", Shape.Of(text), length, "a directive of the format: it says what the columns are, and is no line")]);
        }
        var duplicates = _parsed.Duplicates.SelectMany(rule => Enumerable.Repeat(rule.Key, (int)rule.Value)).ToList();
        var fields = LineFields.Of(format, text, _fields);
        var records = Records(_parsed.XenCenter, fields).Concat(Records(_parsed.Agent, fields)).ToList();
        var rejected = Rejected().ToList();
        var dropped = fields.Where(field => field.Text.Length > 0 || field.Part == Part.Whole)
            .Select(field => (Field: field, Why: duplicates.Count > 0 && records.Count + rejected.Count == 0
                ? "another line stands for its request, and nothing of this one is kept" : Why(field, records, rejected.Count > 0)))
            .Where(one => one.Why is not null)
            .Select(one => new DroppedField(one.Field.Name, Shape.Of(one.Field.Text), one.Field.Part == Part.Whole ? length
                : one.Field.Text.Length, one.Why!));
        return new(_line, false, records, rejected, [.. dropped]) { Duplicates = duplicates };
    }

    private IEnumerable<KeptRecord> Records(Columns columns, IReadOnlyList<LineField> fields)
    {
        for (var row = 0; row < columns.Rows; row++)
        {
            var time = DateTimeOffset.UnixEpoch.AddTicks(columns.Time[row] * TimeSpan.TicksPerMicrosecond)
                .ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
            var at = row;
            yield return new(columns.Contract.Dataset, [new("time", time),
                .. columns.Strings.Select(column => new KeyValuePair<string,
                string?>(column.Name, column.IsPresent(at) ? Encoding.UTF8.GetString(column[at]) : null))],
                _parsed.Lines == 1 ? Rule(columns.Contract.Dataset, fields) : null);
        }
    }

    /// <summary>Which rule of the dataset: the parser does not say of records, and the parts of the line tell it.</summary>
    private static string? Rule(string dataset, IReadOnlyList<LineField> fields)
    {
        byte[] Of(Part part) => fields.FirstOrDefault(field => field.Part == part).Text ?? [];
        var path = Of(Part.Path);
        var rule = RuleTable.All[RuleFinder.Find(Classifier.Path(path), path, Of(Part.Query), Of(Part.Method), Of(Part.Agent))];
        return rule.Dataset == dataset ? rule.Name : null;
    }

    /// <summary>By reason, and where the line was well-formed by rule. Most lines have one.</summary>
    private IEnumerable<RejectedLine> Rejected()
    {
        var shape = _parsed.Lines == 1 ? ShapeNames.Of(_parsed.AgentShapes, _parsed.PathShapes)?.Keys.First() : null;
        foreach (var reason in Reasons.All.Where(reason => reason < Reason.OtherPath))
        {
            for (var n = 0; n < _parsed.Rejections.Count(reason); n++)
            {
                yield return new(Reasons.Code(reason), Reasons.Meaning(reason));
            }
        }
        for (var at = 0; at < _parsed.Rules.Length; at++)
        {
            for (var n = 0; n < _parsed.Rules[at]; n++)
            {
                var rule = RuleTable.All[at];
                yield return new(Reasons.Code(rule.Reason!.Value), $"{Reasons.Meaning(rule.Reason.Value)}: {rule.Population}", rule.Name,
                    shape);
            }
        }
    }

    /// <summary>Why a part is dropped; null where all of it is kept.</summary>
    private string? Why(LineField field, List<KeptRecord> records, bool rejected) => (field.Part, records) switch
    {
        (Part.Whole, { Count: 0 }) => "of a rejected line nothing is kept but its reason and its number",
        (Part.Whole, _) => "only the declared fields of its records are kept",
        _ when rejected => "of a rejected line nothing is kept but its reason and its number",
        (Part.Time or Part.Address, { Count: 1 }) => null,
        (Part.Peer or Part.Clients, [var record]) when IsClient(field, record) => null,
        (Part.Peer, _) => "the proxy's address; the client's is in the field that client-address names",
        (Part.Clients, [var record]) =>
            $"only the client's address is kept of it, as client_ip: " +
            $"{(Holds(field, record) ? "the nearest to us that is no proxy of ours" : "here the peer's, which is no proxy of ours")}",
        (Part.Path or Part.Method, _) => "tells which dataset the line is of; no contract declares it",
        (Part.Agent, [{ Dataset: var dataset }]) when dataset == PublishedContracts.XenCenterChecks.Dataset =>
            "only its version is kept, as xencenter_version",
        (Part.Query, [{ Dataset: var dataset }]) when dataset == PublishedContracts.AgentUpdates.Dataset => Id(),
        _ => "no contract declares it",
    };

    private static bool IsClient(LineField field, KeptRecord record)
    {
        Span<byte> scratch = stackalloc byte[ClientAddress.MaxLength];
        return ClientAddress.TryNormalise(field.Text, scratch, out var address)
            && Encoding.UTF8.GetString(address) == record.Values[1].Value;
    }

    /// <summary>Whether the kept address is one of the list's, or the field has none that could have been.</summary>
    private static bool Holds(LineField field, KeptRecord record) =>
        Encoding.Latin1.GetString(field.Text).Split(',').Any(element =>
            IsClient(new("", Part.Clients, Encoding.Latin1.GetBytes(element.Trim(' ', '\t', '+'))), record))
            || field.Text.Contains((byte)'=');

    private string Id() => _parsed switch
    {
        { BadIds: > 0 } => "its id is no UUID and no four hex digits: vm_uuid_prefix is absent, and counted as bad-id",
        { LongIds: > 0 } =>
            "only the first four characters of id are kept, as vm_uuid_prefix; the rest is cut before anything is stored, and counted " +
            "as long-id",
        _ => _parsed.Agent.Strings.Any(column => column.AbsentCount > 0)
            ? "it has no id: vm_uuid_prefix is absent; no contract declares the rest" : "only id is kept, as vm_uuid_prefix",
    };
}
