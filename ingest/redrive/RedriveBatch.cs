using System.Buffers;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Redrive;

/// <summary>Lines of one read and one field list, until they are a block.</summary>
internal sealed class RedriveBatch(ILineFormat by, KeyedHash hash)
{
    /// <summary>The most lines of a block: their records fit a capture.</summary>
    private const int MaxLines = 32_768;

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<long> _lines = [];
    private RejectedRead? _read;
    private IReadOnlyList<RejectedLines> _done = [];
    private string? _fields;

    public bool MustEnd(RejectedRead read, string? fields, int bytes) =>
        _lines.Count > 0
        && (_read != read || _fields != fields || _lines.Count == MaxLines || _bytes.WrittenCount + bytes > SourceBlock.MaxBytes);

    public void Add(RejectedRead read, string? fields, ReadOnlySpan<byte> line, long number)
    {
        if (_read != read)
        {
            (_read, _done) = (read, read.Done);
        }
        _fields = fields;
        _bytes.Write(line);
        if (line[^1] != '\n')
        {
            _bytes.Write("\n"u8);
        }
        _lines.Add(number);
    }

    public SourceBlock? Take()
    {
        if (_lines.Count == 0)
        {
            return null;
        }
        _done = LineRuns.With(_done, _lines, RejectionBlock.Redriven);
        var block = new SourceBlock
        {
            Source = _read!.Source, Format = by, Lines = _bytes.WrittenSpan.ToArray(),
            FieldsBefore = _fields, From = 0, To = 0, Check = hash.Of(_bytes.WrittenSpan),
            Redrive = new RedrivenLines(_read.Of, _read.Reason, _done),
        };
        _bytes.ResetWrittenCount();
        _lines.Clear();
        return block;
    }
}
