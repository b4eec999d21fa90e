using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Ingest.Containers;
using Pipeline.Ingest.Files;
using Pipeline.Tests.Unit.Files;

namespace Pipeline.Tests.Unit.Containers;

/// <summary>A container that is followed, on a clock that moves when told.</summary>
internal sealed class ContainerRig
{
    public static readonly DateTimeOffset Start = new(2026, 1, 5, 8, 30, 0, TimeSpan.Zero);
    public static readonly StoreException Outage = new(StoreFault.Outage, "out");

    public ContainerRig(bool acknowledges = true, ContainerOptions? options = null)
    {
        Time = new FakeTimeProvider(Start);
        Container = new FakeContainer(Time.GetUtcNow);
        Sink = new ContainerSink(acknowledges);
        Options = (options ?? new ContainerOptions()) with { Waiting = _ => Waits++, Answered = () => Answers++ };
        Source = New();
    }

    public FakeTimeProvider Time { get; }
    public FakeContainer Container { get; }
    public ContainerSink Sink { get; private set; }
    public ContainerOptions Options { get; }
    public ContainerSource Source { get; private set; }
    public FakeEvents Events { get; } = new("/");
    public int Waits { get; private set; }
    public int Answers { get; private set; }

    public static string Hourly(DateTimeOffset hour, string name = "SITE") =>
        $"resourceId=/SUBSCRIPTIONS/{name}/" + hour.ToString("'y='yyyy'/m='MM'/d='dd'/h='HH'/m=00/PT1H.json'",
            CultureInfo.InvariantCulture);

    public async Task PollAsync(TimeSpan? then = null)
    {
        while (await Source.PollAsync(Sink, TestContext.Current.CancellationToken))
        {
        }
        Time.Advance(then ?? Options.Poll);
    }

    /// <summary>A kill: what is not acknowledged was never taken.</summary>
    public void Restart(FileNames? names = null)
    {
        Sink = Sink.Restarted(names);
        Source = New();
    }

    public List<string> Rows(string name) => Sink.Rows.GetValueOrDefault(name) ?? [];

    private ContainerSource New() => new(new FileCursors("afd", Sink.Files, Sink.Names), Container, Options, LogFolder.Combined,
        LogFolder.Hash, Workers.Inline, Time, Events);
}
