using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>
/// What is piped in, to its end, plain or gzip: 1 look at its start — 2 offer its lines in blocks — 3 wait until they are captured.
/// It has no identity that a later run could recognise, so its blocks are offered as pushes without a key are: each lies whole in one
/// capture, and lines that are piped in again count again.
/// </summary>
/// <param name="format">Null: it is detected from the first 64 KiB.</param>
/// <param name="pushes">The hash of a block's bytes is its check, as of a push.</param>
public sealed class StandardInput(Stream input, string source, ILineFormat? format, KeyedHash pushes, IBlockSink sink, Workers workers,
    ISourceEvents? events = null)
{
    /// <summary>How it is named on the command line.</summary>
    public const string Path = "-";

    /// <returns>Its counts, as of a file. When it returns, everything offered is captured.</returns>
    /// <exception cref="FencedException">A newer process has the shard.</exception>
    public async Task<FileResult> RunAsync(CancellationToken cancel)
    {
        var taken = new Acknowledgements();
        var result = new FileResult { Path = Path };
        LineBlocks? blocks = null;
        long to = 0;
        string? error = null;
        try
        {
            // 1 look
            var start = await ReadAsync(() => Start(input), cancel);
            var gzip = GzipContentStream.IsGzip(start.Head) ? new GzipContentStream(start) : null;
            var content = gzip is null ? start : await ReadAsync(() => Start(gzip), cancel);
            if (content.Head.IsEmpty)
            {
                return result with { IsGzip = gzip is not null, End = gzip?.End ?? ContentEnd.Open, Error = Wrong(gzip) };
            }
            var found = format is null ? await workers.Run(() => Detect.Of(content.Head)) : new Detection(format, 100, "");
            if (found.Format is not { } reads)
            {
                return result with { Error = $"standard input: its format is not recognised: {found.Why}" };
            }
            result = result with { Format = reads.Name, IsGzip = gzip is not null };
            // 2 offer
            blocks = new LineBlocks(content, new FileReading(source, "", reads, pushes), null, []);
            for (var ended = false; ;)
            {
                var block = await ReadAsync(() => blocks.Next(ended), cancel);
                if (block is not null)
                {
                    to = block.To;
                    await taken.OfferAsync(sink, block with { File = null, From = 0, To = 0, Check = pushes.Of(block.Lines.Span) }, cancel);
                    events?.Offered(Path, block.From, block.To);
                }
                else if (ended || (gzip is not null && gzip.End != ContentEnd.Whole))
                {
                    break;
                }
                else
                {
                    ended = true;
                }
            }
            result = result with { Lines = blocks.Line, Pending = blocks.Pending, End = gzip?.End ?? ContentEnd.Open };
            error = Wrong(gzip);
        }
        catch (IOException e)
        {
            error = $"standard input: it cannot be read ({e.GetType().Name}) after {to} bytes. The complete lines before are taken; " +
                $"send only what follows them.";
        }
        // 3 wait
        await taken.FinishAsync();
        blocks?.Dispose();
        return result with { To = to, Counts = taken.Counts, Error = error };
    }

    /// <summary>Reading a pipe may last for ever, and cannot be broken off: who is told to stop leaves it behind, with its
    /// buffers.</summary>
    private Task<T> ReadAsync<T>(Func<T> read, CancellationToken cancel) => workers.Run(read).WaitAsync(cancel);

    private static Started Start(Stream content)
    {
        var head = new byte[Detect.Sample];
        return new Started(head, content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false), content);
    }

    private static string? Wrong(GzipContentStream? gzip) => gzip?.End switch
    {
        null or ContentEnd.Whole => null,
        var end => $"standard input: the gzip stream is " +
            $"{(end == ContentEnd.Garbage ? "followed by bytes that are not gzip" : end == ContentEnd.Cut ? "cut" : "damaged")} after " +
            $"{gzip.Position} bytes of content. The complete lines before are taken; send only what follows them.",
    };

    /// <summary>A stream whose first bytes were looked at.</summary>
    private sealed class Started(byte[] head, int length, Stream rest) : ForwardStream
    {
        private int _at;

        public ReadOnlySpan<byte> Head => head.AsSpan(0, length);

        public override int Read(Span<byte> buffer)
        {
            if (_at == length)
            {
                return rest.Read(buffer);
            }
            var read = Math.Min(buffer.Length, length - _at);
            head.AsSpan(_at, read).CopyTo(buffer);
            _at += read;
            return read;
        }
    }
}
