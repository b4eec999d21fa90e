using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Tests.Fakes;

/// <summary>
/// A shard's past by its headers alone: the fold and the policy are the real ones, and the captures themselves are not written. Pages are,
/// where a store is given.
/// </summary>
/// <param name="decide">What goes cold with the next capture.</param>
/// <param name="keeps">Whether <see cref="Folded"/> is wanted.</param>
public sealed class AgedShard(CaptureStore captures, string shard, Func<ShardState, ColdMark?> decide, bool keeps = true)
{
    /// <summary>As many checks as a long file has.</summary>
    private static readonly IReadOnlyList<EarlierCheck> Checks =
        [.. Enumerable.Range(1, 33).Select(i => new EarlierCheck(i * 16_384L, (ulong)i))];

    private readonly List<(CaptureHeader Header, Link Link)> _past = [];

    public ShardState State { get; private set; } = captures.Empty(shard);

    public static string Identity(long file) => $"{file:x16}{file * 7919:x16}";

    public static string Stream(long stream) => Identity(1_000_000_000 + stream);

    /// <summary>Captures that read so many new files, each once and never again.</summary>
    public async Task ReadFilesAsync(int first, int count, int perCapture, bool checks = true)
    {
        for (var at = first; at < first + count; at += perCapture)
        {
            await ApplyAsync([.. Enumerable.Range(at, Math.Min(perCapture, first + count - at)).Select(file => new ReadEntry
            {
                Source = shard, Format = "combined", File = Identity(file), From = 0, To = 600_000 + file, Check = Identity(file),
                Line = 0, Physical = 5_000, Lines = 0, Checks = checks ? Checks : null,
            })]);
        }
    }

    /// <summary>Captures that open so many push streams, each retiring one of the capture before.</summary>
    public async Task RetireStreamsAsync(int count, int perCapture)
    {
        for (var at = 0; at < count; at += perCapture)
        {
            await ApplyAsync([.. Enumerable.Range(at, Math.Min(perCapture, count - at)).Select(stream => new ReadEntry
            {
                Source = shard, Format = "combined", Stream = Stream(stream), From = 0, To = 1, Check = Stream(stream), Lines = 0,
                Retires = stream < perCapture ? null : Stream(stream - perCapture),
            })]);
        }
    }

    public async Task ApplyAsync(params ReadEntry[] reads)
    {
        Expect(Try(reads)?.Reason, null);
        using var pages = new ColdPages(captures, State);
        foreach (var page in State.Cooled)
        {
            Expect(await captures.Store.PutIfAbsentAsync(CaptureNames.Cold(shard, page.Page),
                await pages.EncodeAsync(page, CancellationToken.None)), PutOutcome.Created);
        }
        State.Cooled.Clear();
    }

    /// <summary>The next capture; its pages are not put.</summary>
    public Fork? Try(params ReadEntry[] reads)
    {
        var mark = decide(State);
        var header = new CaptureHeader
        {
            Version = mark is null ? CaptureHeader.PlainVersion : CaptureHeader.CurrentVersion, Cold = mark,
            Store = State.Store, Shard = State.Shard, Number = State.Next, Session = "s", Previous = State.Head?.Hash,
            KeyId = State.KeyId, Contracts = [], Links = [], Reads = reads, Frames = [],
        };
        var link = new Link(State.Next, Sha256.Of(BitConverter.GetBytes(State.Next)));
        var fork = State.Apply(header, link);
        if (fork is null && keeps)
        {
            _past.Add((header, link));
        }
        return fork;
    }

    /// <summary>Goes on from a snapshot.</summary>
    public void Replace(ShardState state) => State = state;

    /// <summary>All captures, from the first on.</summary>
    public ShardState Folded()
    {
        var state = captures.Empty(shard);
        foreach (var (header, link) in _past)
        {
            Expect(state.Apply(header, link)?.Reason, null);
        }
        return state;
    }

    /// <summary>Quiet captures, so that what was read before counts as idle.</summary>
    public async Task RestAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await ApplyAsync();
        }
    }

    private static void Expect<T>(T found, T wanted)
    {
        if (!EqualityComparer<T>.Default.Equals(found, wanted))
        {
            throw new InvalidOperationException($"found {found}, expected {wanted}");
        }
    }

    public byte[] Snapshot() => SnapshotFile.Encode(State, captures.Key);
}
