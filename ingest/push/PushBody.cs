using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Ingest.Push;

/// <summary>The bytes that all bodies together may hold; what does not fit is refused with 503, never queued.</summary>
internal sealed class PushBudget(long most)
{
    /// <summary>Larger buffers are few and of all threads: the shared pool keeps one of each size for every thread, and these would add
    /// up.</summary>
    private const int Large = 1 << 20;

    private readonly ArrayPool<byte> _large = ArrayPool<byte>.Create(PushEndpoint.MaxSentBytes, maxArraysPerBucket: 2);
    private long _held;

    /// <summary>A buffer of at least so many bytes; null where there is no room for it.</summary>
    public byte[]? Rent(int bytes)
    {
        var buffer = (bytes > Large ? _large : ArrayPool<byte>.Shared).Rent(bytes);
        if (TryTake(buffer.Length))
        {
            return buffer;
        }
        Pool(buffer).Return(buffer);
        return null;
    }

    public void Return(byte[] buffer)
    {
        Give(buffer.Length);
        Pool(buffer).Return(buffer);
    }

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= most)
        {
            return true;
        }
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    public void Give(int bytes) => Interlocked.Add(ref _held, -bytes);

    private ArrayPool<byte> Pool(byte[] buffer) => buffer.Length > Large ? _large : ArrayPool<byte>.Shared;
}

/// <summary>Why a body could not be had.</summary>
internal enum PushBodyFault
{
    None,
    TooLarge,
    NoMemory,
    /// <summary>Not a gzip, cut, damaged, or followed by something else.</summary>
    BadGzip,
    /// <summary>Not zstd, cut, damaged, made with a dictionary, or followed by something else.</summary>
    BadZstd,
    /// <summary>A zstd frame with a window above <see cref="PushZstd.MaxWindow"/>.</summary>
    WideWindow,
    /// <summary>More than <see cref="PushBody.MaxParts"/> gzip members or zstd frames.</summary>
    TooManyParts,
    /// <summary>Where it ends is not certain.</summary>
    BadFraming,
}

/// <summary>How a body is sent.</summary>
internal enum PushEncoding
{
    Plain,
    Gzip,
    Zstd,
}

/// <summary>A body in a pooled buffer that grows with what really came, so that a declared length reserves nothing. <see cref="Release"/>
/// gives it back.</summary>
internal sealed class PushBody(PushBudget budget)
{
    /// <summary>The most gzip members or zstd frames of a body: each costs a decoder's start, however little it holds.</summary>
    public const int MaxParts = 10_000;

    private const int First = 64 << 10;

    private byte[] _buffer = [];
    private int _length;
    private int _released;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Reads to the end of the request, or to the first byte beyond <paramref name="most"/>.</summary>
    public async ValueTask<PushBodyFault> ReadAsync(PipeReader reader, int most, CancellationToken cancel)
    {
        while (true)
        {
            ReadResult result;
            try
            {
                result = await reader.ReadAsync(cancel);
            }
            catch (Exception e)
                when (e is InvalidOperationException or (IOException and not (BadHttpRequestException or ConnectionResetException)))
            {
                // The server says so of a chunk's size that is no number it has, and of a trailer with NUL.
                return PushBodyFault.BadFraming;
            }
            var fault = Add(result.Buffer, most);
            reader.AdvanceTo(result.Buffer.End);
            if (fault != PushBodyFault.None || result.IsCompleted)
            {
                return fault;
            }
        }
    }

    /// <summary>Decompresses a whole body. Stops at the first byte beyond <paramref name="most"/>, however much more there would
    /// be.</summary>
    public PushBodyFault Inflate(PushBody sent, PushEncoding encoding, int most)
    {
        var decoder = encoding == PushEncoding.Zstd ? PushZstd.DecoderBytes : First;
        if (!budget.TryTake(decoder))
        {
            return PushBodyFault.NoMemory;
        }
        try
        {
            return encoding == PushEncoding.Zstd ? PushZstd.Read(sent.Bytes.Span, this, most) : Gunzip(sent, most);
        }
        finally
        {
            budget.Give(decoder);
        }
    }

    /// <summary>Makes room behind what is there; <see cref="Advance"/> says how much of it was filled.</summary>
    public bool TryReserve(int bytes, out Span<byte> space)
    {
        var there = TryGrow(_length + bytes);
        space = there ? _buffer.AsSpan(_length, bytes) : default;
        return there;
    }

    public void Advance(int bytes) => _length += bytes;

    /// <summary>May be called by whoever is done first; the first call counts.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            Return();
        }
    }

    private PushBodyFault Gunzip(PushBody gzip, int most)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(First);
        try
        {
            var full = PushBodyFault.None;
            var fault = PushGzip.Read(gzip.Bytes, scratch, piece => (full = Add(new(piece), most)) == PushBodyFault.None);
            return fault == PushBodyFault.None ? full : fault;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private PushBodyFault Add(in ReadOnlySequence<byte> bytes, int most)
    {
        if (_length + bytes.Length > most)
        {
            return PushBodyFault.TooLarge;
        }
        if (!TryGrow(_length + (int)bytes.Length))
        {
            return PushBodyFault.NoMemory;
        }
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += (int)bytes.Length;
        return PushBodyFault.None;
    }

    private bool TryGrow(int length)
    {
        if (length <= _buffer.Length)
        {
            return true;
        }
        if (budget.Rent(Math.Max(First, Math.Max(length, _buffer.Length * 2))) is not { } larger)
        {
            return false;
        }
        _buffer.AsSpan(0, _length).CopyTo(larger);
        Return();
        _buffer = larger;
        return true;
    }

    private void Return()
    {
        if (_buffer.Length > 0)
        {
            budget.Return(_buffer);
            _buffer = [];
        }
    }
}
