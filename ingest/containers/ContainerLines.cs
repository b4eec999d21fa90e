using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Containers;

/// <summary>One blob as blocks of whole lines, fetched by ranges of at most 1 MiB, each on condition that the blob is still the one that
/// was listed. Holds one range and what <see cref="LineBlocks"/> holds.</summary>
internal sealed class ContainerLines : IDisposable
{
    private readonly IAppendedBlobs _blobs;
    private readonly AppendedBlob _blob;
    private readonly LineBlocks _blocks;
    private readonly Fetched _content;
    private readonly Workers _workers;
    private readonly long _end;
    private long _fetched;

    private ContainerLines(IAppendedBlobs blobs, AppendedBlob blob, LineBlocks blocks, Fetched content, Workers workers, long fetched,
        long end) =>
        (_blobs, _blob, _blocks, _content, _workers, _fetched, _end) = (blobs, blob, blocks, content, workers, fetched, end);

    /// <summary>Whether the bytes before the cursor are those that were read.</summary>
    public bool Continues { get; private init; } = true;

    /// <summary>The blob is no longer the one that was listed: what came until then was of the one that was.</summary>
    public bool Changed { get; private set; }

    public long Pending => _blocks.Pending;

    public FileCursor? Cursor => _blocks.Cursor;

    /// <summary>Opens it at a cursor; null where the blob has changed.</summary>
    /// <param name="end">Where to stop, not after the blob's length.</param>
    /// <param name="check">Whether the cursor's check is to be compared.</param>
    public static async Task<ContainerLines?> OpenAsync(IAppendedBlobs blobs, AppendedBlob blob, FileReading reading, FileCursor? from,
        long end, bool check, Workers workers, CancellationToken cancel)
    {
        var offset = from?.Offset ?? 0;
        var before = check ? (int)Math.Min(offset, LineBlocks.CheckedBytes) : 0;
        var first = new byte[(int)Math.Min(end - offset + before, SourceBlock.MaxBytes)];
        if (!await blobs.ReadAsync(blob, offset - before, first, cancel))
        {
            return null;
        }
        var continues = !check || from is null || reading.Hash.Of(first.AsSpan(0, before)) == from.Check;
        var content = new Fetched();
        content.Give(first, before);
        return new ContainerLines(blobs, blob, new LineBlocks(content, reading, from, first.AsSpan(0, before), end - offset), content,
            workers, offset - before + first.Length, end) { Continues = continues };
    }

    /// <summary>The next block, or null at the end and where the blob has changed.</summary>
    /// <param name="final">Nothing more will come: an unterminated end is a line.</param>
    public async Task<SourceBlock?> NextAsync(bool final, CancellationToken cancel)
    {
        while (true)
        {
            var last = final && _fetched == _end;
            if (await _workers.Run(() => _blocks.Next(last)) is { } block)
            {
                return block;
            }
            if (_fetched == _end)
            {
                return null;
            }
            // As much as makes one full block with what is pending.
            var pending = _blocks.Pending < SourceBlock.MaxBytes / 2 ? (int)_blocks.Pending : 0;
            var range = _content.Room((int)Math.Min(SourceBlock.MaxBytes - pending, _end - _fetched));
            if (!await _blobs.ReadAsync(_blob, _fetched, range, cancel))
            {
                Changed = true;
                return null;
            }
            _content.Give(range.Length);
            _fetched += range.Length;
        }
    }

    public void Dispose()
    {
        _blocks.Dispose();
        _content.Dispose();
    }

    /// <summary>The range that was fetched last; it ends there until another is given.</summary>
    private sealed class Fetched : ForwardStream
    {
        private byte[] _bytes = [];
        private int _at, _length;

        public void Give(byte[] bytes, int from) => (_bytes, _at, _length) = (bytes, from, bytes.Length);

        public Memory<byte> Room(int length)
        {
            if (_bytes.Length < length)
            {
                _bytes = new byte[length];
            }
            return _bytes.AsMemory(0, length);
        }

        public void Give(int length) => (_at, _length) = (0, length);

        public override int Read(Span<byte> buffer)
        {
            var read = Math.Min(buffer.Length, _length - _at);
            _bytes.AsSpan(_at, read).CopyTo(buffer);
            _at += read;
            return read;
        }
    }
}
