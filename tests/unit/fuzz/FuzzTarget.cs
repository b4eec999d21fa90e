using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Push;
using Pipeline.Tests.Unit.Formats;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>One thing that takes bytes of strangers. Of one thread at a time; makes a block of inputs, and then takes it, as often as is
/// asked.</summary>
internal abstract class FuzzTarget(string name)
{
    public string Name => name;

    /// <summary>Lines in a block that are one input each; of the endpoint's bodies one is an input.</summary>
    public virtual int Inputs => 100;

    public Mutator Made { get; } = new();

    public ParsedLines Lines { get; } = TestContracts.Lines();

    /// <summary>The bytes that a block may allocate at most.</summary>
    public abstract long MaxAllocated { get; }

    public abstract void Make(Chooser choose);

    public abstract void Take();

    /// <summary>Null, or what does not hold, without a value.</summary>
    public virtual string? Wrong()
    {
        var kept = Lines.XenCenter.Rows + Lines.Agent.Rows;
        return Lines.Lines != kept + Lines.Rejections.Total + Lines.Duplicates.Values.Sum()
            ? "lines are not records, rejections and duplicates" : KeptValues.Wrong(Lines);
    }

    public static IReadOnlyList<FuzzTarget> All()
    {
        static ClientAddressRule Rule(string field, bool otherwise) => new(field, [IPNetwork.Parse("10.0.0.0/8")], otherwise);
        static FuzzTarget Of(string spec, byte[][] corpus, ClientAddressRule? rule = null) =>
            new FormatTarget(LogFormats.Named(spec, rule), rule is null ? spec : $"{spec.Split(':')[0]} behind {rule.Field}", corpus);
        var combined = NginxTests.Combined;
        return
        [
            Of("combined", Corpus.Text), Of("common", Corpus.Text),
            Of(combined, Corpus.Text), Of(combined + " \"$http_forwarded\"", Corpus.Text, Rule("$http_forwarded", false)),
                Of("nginx:$remote_addr|$msec|$request_method|$request_uri|$http_user_agent|$http_x_forwarded_for", Corpus.Text,
                Rule("$http_x_forwarded_for", true)),
            Of("iis-w3c", Corpus.W3c), Of("appservice-w3c", Corpus.W3c), Of("iis-w3c", Corpus.W3c, Rule("X-Forwarded-For", true)),
            Of("appservice-json", Corpus.Json), Of("frontdoor", Corpus.Json), Of("frontdoor", Corpus.Json, Rule("clientIp", false)),
                Of("storage-read", Corpus.Json),
            Of("ndjson:time=ts:unix,client_ip=request.remote_ip,method=request.method,uri=request.uri,agent=request.user_agent",
                Corpus.Json),
            Of("ndjson:time=t,client_ip=ip,method=m,path=p,query=q,agent=a", Corpus.Json, Rule("xff", false)),
            new DetectTarget(), new PushTarget(),
        ];
    }

    private sealed class FormatTarget(ILineFormat format, string name, byte[][] corpus) : FuzzTarget(name)
    {
        private string? _fields, _after;

        /// <summary>Nothing is allocated per line, but lists of columns (64 columns at most, and twice their text) and rules of duplicates
        /// are, and buffers while they grow.</summary>
        public override long MaxAllocated => 64 * 1024 + Inputs * 1024 + 8L * Made.Length;

        public override void Make(Chooser choose)
        {
            Made.Clear();
            _fields = corpus != Corpus.W3c || choose.Once(8) ? null : choose.Once(3)
                ? "date time s-sitename cs-method cs-uri-stem c-ip cs(User-Agent) X-Forwarded-For" : Parsed.W3cHeader["#Fields: ".Length..];
            for (var i = 0; i < Inputs; i++)
            {
                Made.AddLine(choose, corpus);
            }
        }

        public override void Take()
        {
            Lines.Clear();
            _after = format.Parse(Made.Bytes, _fields, Lines);
        }

        public override string? Wrong() =>
            base.Wrong() is { } wrong ? wrong
            : format.FieldsAfter(Made.Bytes, _fields) != _after ? "the list of columns after the block is another without parsing"
            : corpus != Corpus.Json && Lines.Lines != DataLines() ? "lines that are there are not those that were counted"
            : null;

        private long DataLines()
        {
            var count = 0L;
            foreach (var range in Made.Bytes[..^1].Split((byte)'\n'))
            {
                count += format.IsDirective(Made.Bytes[range]) ? 0 : 1;
            }
            return count;
        }
    }

    /// <summary>A log's first lines, of one format or of all.</summary>
    private sealed class DetectTarget() : FuzzTarget("detect")
    {
        /// <summary>A table for each format that is tried, and twice where two fit.</summary>
        public override long MaxAllocated => 1 << 20;

        public override int Inputs => 25;

        public override void Make(Chooser choose)
        {
            Made.Clear();
            byte[][][] all = [Corpus.Text, Corpus.W3c, Corpus.Json];
            var only = choose.Below(4);
            for (var i = 0; i < Inputs; i++)
            {
                Made.AddLine(choose, only < 3 ? all[only] : all[choose.Below(3)]);
            }
        }

        public override void Take() => Detect.Of(Made.Bytes);
    }

    /// <summary>A body as the endpoint reads, inflates and parses it; the gzip itself is hurt.</summary>
    private sealed class PushTarget() : FuzzTarget("push body, gzip")
    {
        private const int Most = 256 << 10;

        private static readonly byte[][] Bodies = [.. Enumerable.Range(0, 48).Select(Compressed)];

        private readonly PushBudget _budget = new(64 << 20);
        private PushBodyFault _fault;
        private bool _whole;
        private int _length;

        public override int Inputs => 1;

        /// <summary>Both bodies lie in pooled buffers, which may have to be made; each member (18 bytes or more) has an inflater of its
        /// own.</summary>
        public override long MaxAllocated => 4L * Most + 1024L * Made.Length;

        public override void Make(Chooser choose)
        {
            Made.Clear();
            Made.AddBytes(Bodies[choose.Below(Bodies.Length)]);
            var wounds = choose.Below(4);
            _whole = wounds == 0;
            for (; wounds > 0; wounds--)
            {
                Made.Hurt(choose.Once(3) ? Math.Max(0, Made.Length - 12) : 0, choose, Bodies);
            }
        }

        public override void Take()
        {
            Lines.Clear();
            var (sent, body) = (new PushBody(_budget), new PushBody(_budget));
            _fault = sent.ReadAsync(PipeReader.Create(new ReadOnlySequence<byte>(Made.Bytes.ToArray())), Most, CancellationToken.None)
                .AsTask().GetAwaiter().GetResult();
            _fault = _fault == PushBodyFault.None ? body.Inflate(sent, Made.Bytes.StartsWith(ZstdMagic) ? PushEncoding.Zstd
                : PushEncoding.Gzip, Most) : _fault;
            _length = body.Bytes.Length;
            if (_fault == PushBodyFault.None)
            {
                new CombinedFormat().Parse(body.Bytes.Span, null, Lines);
            }
            sent.Release();
            body.Release();
        }

        public override string? Wrong() =>
            _length > Most ? "a body is larger than its cap"
            : _whole && _fault is not (PushBodyFault.None or PushBodyFault.TooLarge) ? "a whole body is refused"
            : !_budget.TryTake(64 << 20) ? "a body kept a part of the budget"
            : Give() ?? base.Wrong();

        private string? Give()
        {
            _budget.Give(64 << 20);
            return null;
        }

        private static ReadOnlySpan<byte> ZstdMagic => [0x28, 0xB5, 0x2F, 0xFD];

        /// <summary>Every third is zstd, the others gzip.</summary>
        private static Stream Compress(Stream to, int number) =>
            number % 3 == 0 ? new ZstdSharp.CompressionStream(to, leaveOpen: true)
                : new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true);

        /// <summary>One to three members of up to forty lines; each eighth is a bomb.</summary>
        private static byte[] Compressed(int number)
        {
            var choose = Chooser.For(7, number);
            using var bytes = new MemoryStream();
            for (var members = 1 + choose.Below(3); members > 0; members--)
            {
                using var compressed = Compress(bytes, number);
                for (var lines = choose.Below(40); lines >= 0; lines--)
                {
                    compressed.Write(Corpus.Text[choose.Below(Corpus.Text.Length)]);
                    compressed.Write("\n"u8);
                }
                if (number % 8 == 0)
                {
                    compressed.Write(new byte[Most + number * 1024]);
                }
            }
            return bytes.ToArray();
        }
    }
}
