using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>
/// One source's pushes, from a whole body to its answer, without HTTP:
/// 1 decide — 2 wait for the one before — 3 offer — 4 wait for the capture.
/// A push that the shard has is followed to its end whether or not its client still waits.
/// </summary>
internal sealed class PushIntake(PushSource source, PushEndpointOptions options, KeyedHash pushes, TimeProvider time)
{
    private const int Soon = 1;

    /// <summary>A stopped shard waits for an operator. Unit: seconds.</summary>
    private const int LongRetry = 60;

    private readonly long _started = time.GetTimestamp();
    private long _gaps;

    public PushSource Source { get; } = source;

    /// <summary>Pushes refused for their number (rule 32): each may be a loss at its client.</summary>
    public long Gaps => Interlocked.Read(ref _gaps);

    /// <param name="body">Released by this call or by the shard.</param>
    /// <param name="gone">The client no longer waits. What was taken stays taken.</param>
    public async Task<PushReply> TakeAsync(PushKey? key, PushBody body, CancellationToken gone)
    {
        var (check, hasLines) = (pushes.Of(body.Bytes.Span), PushLines.HasAny(Source.Format, body.Bytes.Span));
        if (key is not { } k)
        {
            return await TakeUnkeyedAsync(check, hasLines, body, gone);
        }
        // 1 decide
        var decision = Source.Streams.Decide(k, check, hasLines, time.GetElapsedTime(_started));
        if (decision is PushDecision.Gap)
        {
            // A zombie's number is not the number: ask who has the shard. The pushes before this one may have come meanwhile.
            var known = false;
            try
            {
                if (await AskFencedAsync(gone) is { } refused)
                {
                    return refused;
                }
                known = true;
            }
            finally
            {
                // Also of a client that did not wait: what it sent would be held for ever, until no body finds room.
                if (!known)
                {
                    body.Release();
                }
            }
            decision = Source.Streams.Decide(k, check, hasLines, time.GetElapsedTime(_started));
        }
        if (decision is not PushDecision.Take { Push: var push })
        {
            body.Release();
            return await AnswerAsync(decision, gone);
        }
        // 2 wait for the one before, 3 offer
        var block = Block(check, body) with { Stream = k.Stream, Retires = push.Retires, From = k.Sequence - 1, To = k.Sequence };
        if (await OfferAsync(push, block, body) is { } why)
        {
            return why;
        }
        // 4 wait for the capture
        return await AcknowledgeAsync(push.Outcome, duplicate: false, gone);
    }

    /// <summary>Null: this process has the shard.</summary>
    public PushReply.Refused? RefuseStopped() => Source.WhyStopped() switch
    {
        null => null,
        "fenced" => Fence(),
        var reason => new PushReply.Refused(PushCode.ShardStopped,
            $"The shard of this source is stopped in this process ({reason}). Nothing was captured now. "
            + "Keep the push and send it again later; the program's log says what to do.") { RetryAfter = LongRetry },
    };

    /// <summary>Null: the shard is this process's, and its store answers.</summary>
    public async Task<PushReply.Refused?> AskFencedAsync(CancellationToken gone)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(gone);
        using var timer = time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), bound, options.RoomWithin,
            Timeout.InfiniteTimeSpan);
        try
        {
            return await Source.IsFenced(bound.Token) ? Fence() : null;
        }
        catch (Exception e) when (e is Core.Store.StoreException or ObjectDisposedException
            || (e is OperationCanceledException && !gone.IsCancellationRequested))
        {
            return Outage();
        }
    }

    private async Task<PushReply> AnswerAsync(PushDecision decision, CancellationToken gone)
    {
        switch (decision)
        {
            case PushDecision.Have { Outcome: { } outcome }:
                return await AcknowledgeAsync(outcome, duplicate: true, gone);
            case PushDecision.Have:
                return new PushReply.Captured(Source.Shard, null, Duplicate: true);
            case PushDecision.Differs:
                // A client that lost its counter sends new lines under old numbers: as likely a loss as a gap.
                Source.Sink.Note(Source.Name, Core.Captures.LossNotes.PushOtherBody);
                return new PushReply.Refused(PushCode.OtherBody,
                    "This sequence was taken with another body. Nothing was captured now. Send a new body under the next sequence; send " +
                    "the same bytes again only to learn what became of them.");
            case PushDecision.NoLines:
                return NoLines();
            case PushDecision.Gap gap:
                Interlocked.Increment(ref _gaps);
                Source.Sink.Note(Source.Name, Core.Captures.LossNotes.PushGap);
                return new PushReply.Refused(PushCode.Gap,
                    $"The sequence is neither the next of its stream, {gap.Expected}, nor one of the last " +
                    $"{Core.Captures.PushCursor.Remembered}. Nothing was captured. Send the sequences in order, from {gap.Expected} on.")
                    { Expected = gap.Expected };
            case PushDecision.TooManyStreams:
                return new PushReply.Refused(PushCode.TooManyStreams,
                    $"The source has {PushStreams.MaxStreams} open streams, and either each of them was used within the hour "
                    + $"or {PushStreams.MaxRetired} are retired. Nothing was captured. A stream is for one client for ever: "
                    + "keep its token instead of making new ones, or configure another source.") { RetryAfter = 3600 };
            case PushDecision.Stopped stopped:
                return Stopped(stopped.Why);
            default:
                throw new InvalidOperationException($"no answer to {decision.GetType().Name}");
        }
    }

    private async Task<PushReply.Refused?> OfferAsync(PushInFlight push, SourceBlock block, PushBody body)
    {
        using var bound = new CancellationTokenSource(options.RoomWithin, time);
        Task<BlockOutcome> capture;
        try
        {
            if (!await push.Before.WithinAsync(Timeout.InfiniteTimeSpan, time, bound.Token))
            {
                body.Release();
                return Busy();
            }
            capture = await Source.Sink.OfferAsync(block, bound.Token);
        }
        catch (OperationCanceledException)
        {
            // No room in time: the shard never saw it.
            Source.Streams.Withdraw(push);
            body.Release();
            return Busy();
        }
        catch (Exception e)
        {
            // The shard has stopped. It may still be parsing this block, so the buffer is left to it.
            Source.Streams.Stop(e);
            Source.Streams.Withdraw(push);
            return Stopped(e);
        }
        PushStreams.Offer(push);
        _ = FollowAsync(push, capture);
        return null;
    }

    private async Task FollowAsync(PushInFlight push, Task<BlockOutcome> capture)
    {
        try
        {
            Source.Streams.Capture(push, await capture);
        }
        catch (Exception e)
        {
            Source.Streams.Fail(push, e);
        }
    }

    private async Task<PushReply> TakeUnkeyedAsync(string check, bool hasLines, PushBody body, CancellationToken gone)
    {
        if (!hasLines)
        {
            body.Release();
            return NoLines();
        }
        using var bound = new CancellationTokenSource(options.RoomWithin, time);
        Task<BlockOutcome> capture;
        try
        {
            capture = await Source.Sink.OfferAsync(Block(check, body), bound.Token);
        }
        catch (OperationCanceledException)
        {
            body.Release();
            return Busy();
        }
        catch (Exception e)
        {
            return Stopped(e);
        }
        return await AcknowledgeAsync(capture!, duplicate: false, gone);
    }

    private async Task<PushReply> AcknowledgeAsync(Task<BlockOutcome?> outcome, bool duplicate, CancellationToken gone)
    {
        try
        {
            return await outcome.WithinAsync(options.AcknowledgeWithin, time, gone) is { } captured
                ? new PushReply.Captured(Source.Shard, captured, duplicate) : Busy();
        }
        catch (TimeoutException)
        {
            return Outage();
        }
        catch (Exception e) when (!gone.IsCancellationRequested)
        {
            return Stopped(e);
        }
    }

    private SourceBlock Block(string check, PushBody body) =>
        new() { Source = Source.Name, Format = Source.Format, Lines = body.Bytes, FieldsBefore = Source.Fields, From = 0, To = 0,
            Check = check, Release = body.Release };

    private PushReply.Refused Stopped(Exception why) => why is FencedException ? Fence()
        : new PushReply.Refused(PushCode.Stopping,
            "The shard of this source is stopping. Whether the push was captured is not known. Send the same bytes under the same key " +
            "again.") { RetryAfter = Soon };

    private PushReply.Refused Fence()
    {
        Source.Streams.Stop(new FencedException(Source.Shard, -1));
        return new PushReply.Refused(PushCode.Fenced,
            $"A newer process has shard {Source.Shard}, to which this source belongs; "
            + "this one takes nothing for it. Nothing is acknowledged here. Send the push to the newer process.");
    }

    private static PushReply.Refused NoLines() =>
        new(PushCode.NoLines,
            "The body has no lines. Nothing was captured and the sequence is free. Push when there are lines, under the same sequence.");

    private static PushReply.Refused Busy() =>
        new(PushCode.Busy,
            "The shard had no room in time. Nothing was captured and the sequence is free. Send the push again, and those after it, in " +
            "order.") { RetryAfter = Soon };

    private static PushReply.Refused Outage() =>
        new(PushCode.Outage,
            "The capture store has not answered in time. Whether the push will be captured is not known. Send the same bytes under the " +
            "same key again.") { RetryAfter = Soon };
}
