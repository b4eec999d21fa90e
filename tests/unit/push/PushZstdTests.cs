using CsCheck;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>A zstd body is taken whole or not at all.</summary>
public sealed class PushZstdTests
{
    [Fact]
    public void Every_whole_body_of_one_or_more_frames_is_read_and_every_cut_one_is_refused() =>
        Gen.Select(Gen.Byte.Array[0, 300_000].Array[1, 3], Gen.Int[0, 1 << 20], Gen.Bool, Gen.Bool).Sample((frames, at, same, declared) =>
        {
            // Frames that compress and frames that do not; sizes that are declared and such that are not; a skippable frame between.
            frames = same ? frames.Select(m => new byte[m.Length]).ToArray() : frames;
            byte[] skipped = [0x53, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9];
            var parts = frames.SelectMany(f => (byte[][])[declared ? PushBombs.Zstd(f) : PushBombs.ZstdStream(f), skipped]).ToArray();
            var zstd = parts.SelectMany(p => p).ToArray();
            var ends = parts.Select((_, i) => parts.Take(i + 1).Sum(p => p.Length)).ToHashSet();
            var cut = at % zstd.Length;
            return Inflate(zstd, out var whole) == PushBodyFault.None && whole.AsSpan().SequenceEqual(frames.SelectMany(m => m).ToArray())
                && (ends.Contains(cut) || Inflate(zstd[..cut], out _) == PushBodyFault.BadZstd);
        }, iter: 100);

    [Fact]
    public void Damage_is_refused_or_changes_nothing_that_the_format_checks_and_never_more_than_the_cap_comes_out()
    {
        var random = new Random(5);
        var body = new byte[20_000];
        random.NextBytes(body.AsSpan(0, 3_000));
        foreach (var zstd in (byte[][])[PushBombs.Zstd(body), PushBombs.ZstdStream(body)])
        {
            for (var round = 0; round < 20_000; round++)
            {
                var damaged = (byte[])zstd.Clone();
                for (var flips = random.Next(1, 4); flips > 0; flips--)
                {
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                }
                var fault = Inflate(damaged, out var bytes);
                Assert.True(fault is PushBodyFault.None or PushBodyFault.BadZstd or PushBodyFault.TooLarge or PushBodyFault.WideWindow);
                Assert.InRange(bytes.Length, 0, PushEndpoint.MaxBytes);
            }
        }
    }

    [Fact]
    public void What_stands_behind_a_frame_or_is_none_is_refused()
    {
        var zstd = PushBombs.Zstd("lines\n"u8.ToArray());
        foreach (var bytes in (byte[][])[[], [.. zstd, 0], [.. zstd, .. "more"u8], [.. zstd, .. zstd[..4]],
            PushBombs.Gzip("lines\n"u8.ToArray()), "lines\n"u8.ToArray(), [0x27, 0xB5, 0x2F, 0xFD, .. new byte[20]]])
        {
            Assert.Equal(PushBodyFault.BadZstd, Inflate(bytes, out _));
        }
    }

    [Fact]
    public void A_body_that_finds_no_memory_is_told_so_and_gives_back_what_it_had()
    {
        var budget = new PushBudget(1 << 20);
        var (sent, body) = (new PushBody(new(long.MaxValue)), new PushBody(budget));
        Fill(sent, PushBombs.Zstd(new byte[2_000_000]));
        Assert.Equal(PushBodyFault.NoMemory, body.Inflate(sent, PushEncoding.Zstd, PushEndpoint.MaxBytes));
        body.Release();
        Assert.True(budget.TryTake(1 << 20));
    }

    private static PushBodyFault Inflate(byte[] zstd, out byte[] bytes)
    {
        var budget = new PushBudget(long.MaxValue);
        var (sent, body) = (new PushBody(budget), new PushBody(budget));
        Fill(sent, zstd);
        var fault = body.Inflate(sent, PushEncoding.Zstd, PushEndpoint.MaxBytes);
        bytes = body.Bytes.ToArray();
        sent.Release();
        body.Release();
        return fault;
    }

    private static void Fill(PushBody body, byte[] bytes)
    {
        Assert.True(body.TryReserve(bytes.Length, out var space));
        bytes.CopyTo(space);
        body.Advance(bytes.Length);
    }
}
