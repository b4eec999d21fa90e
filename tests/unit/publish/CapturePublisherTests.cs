using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Publish;
using Pipeline.Ingest.Shard;

namespace Pipeline.Tests.Unit.Publish;

/// <summary>The publisher where no broker answers: an outage from the first moment.</summary>
public sealed class CapturePublisherTests
{
    private readonly ConcurrentQueue<(long Number, SkipReason Reason)> _skipped = [];

    [Fact]
    public async Task What_the_queue_has_no_room_for_is_skipped_and_counted()
    {
        await using var publisher = new CapturePublisher(Options() with { MaxCaptures = 3, MaxBytes = 1_000 }, TimeProvider.System, Events);
        Offer(publisher, 0, 400);
        Offer(publisher, 1, 400);
        // No room for its bytes.
        Offer(publisher, 2, 400);
        Offer(publisher, 3, 100);
        // No room for another capture.
        Offer(publisher, 4, 1);
        Assert.Equal((3, 900, 0), (publisher.Counts.Queued, publisher.Counts.QueuedBytes, publisher.Counts.Published));
        Assert.Equal([(2, SkipReason.QueueFull), (4, SkipReason.QueueFull)], _skipped);
        Assert.Equal(2, publisher.Counts.Skipped[SkipReason.QueueFull]);
    }

    [Fact]
    public async Task A_capture_above_the_message_limit_is_skipped()
    {
        await using var publisher = new CapturePublisher(Options(), TimeProvider.System, Events);
        Offer(publisher, 0, CaptureFile.MaxBytes);
        Offer(publisher, 1, CaptureFile.MaxBytes + 1);
        Assert.Equal([(1, SkipReason.TooLarge)], _skipped);
        Assert.Equal(1, publisher.Counts.Queued);
    }

    [Fact]
    public async Task The_end_waits_no_longer_than_it_says_and_counts_what_is_left()
    {
        var publisher = new CapturePublisher(Options() with { FlushWithin = TimeSpan.FromMilliseconds(100) }, TimeProvider.System, Events);
        Offer(publisher, 0, 10);
        Offer(publisher, 1, 10);
        await publisher.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal((0, 0, 2), (publisher.Counts.Queued, publisher.Counts.QueuedBytes, publisher.Counts.Skipped[SkipReason.NotDelivered]));
        Offer(publisher, 2, 10);
        Assert.Equal(1, publisher.Counts.Skipped[SkipReason.NoProducer]);
    }

    [Fact]
    public async Task A_fatal_error_makes_a_new_producer_after_a_pause_and_nothing_is_left_uncounted()
    {
        var time = new FakeTimeProvider();
        await using var publisher = new CapturePublisher(Options(), time, Events);
        Offer(publisher, 0, 10);
        Offer(publisher, 1, 10);
        publisher.Reported(new Error(ErrorCode.Local_Fatal, "made for this test", isFatal: true));
        await UntilAsync(() => publisher.Counts.Restarts == 1);
        Assert.Equal((0, 2), (publisher.Counts.Queued, publisher.Counts.Skipped[SkipReason.NotDelivered]));
        Offer(publisher, 2, 10);
        Assert.Equal(1, publisher.Counts.Skipped[SkipReason.NoProducer]);
        await UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Offer(publisher, 3, 10);
            return publisher.Counts.Queued > 0;
        });
    }

    private PublisherEvents Events => new(
        (_, _) => Assert.Fail("there is no broker"), (_, number, reason) => _skipped.Enqueue((number, reason)), (_, _) => { });

    private static void Offer(CapturePublisher publisher, long number, int bytes) =>
        publisher.Offer("web", new Capture(new Link(number, Sha256.Of([])), null!, new byte[bytes]));

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bound.Token);
        }
    }

    private static PublisherOptions Options()
    {
        // A port that was free a moment ago: nobody listens.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return new PublisherOptions { Topic = "captures", Connection = new Dictionary<string,
            string> { ["bootstrap.servers"] = $"127.0.0.1:{port}" }, FlushWithin = TimeSpan.FromMilliseconds(10) };
    }
}
