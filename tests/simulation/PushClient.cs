namespace Pipeline.Tests.Simulation;

/// <summary>A client that pushes under a key, one push at a time, each again until it is acknowledged, to whatever process
/// answers.</summary>
internal static class PushClient
{
    public static async Task RunAsync(Schedule schedule, ShardPlan shard, StreamPlan plan, Random random)
    {
        for (var sequence = 1L; sequence <= plan.Pushes.Count && !schedule.HasGivenUp(shard);)
        {
            if (sequence == plan.Pushes.Count && !schedule.Final)
            {
                // The last push comes when all is healed: where a store forgot what was acknowledged, the next push is what finds it (rule
                // 32).
                await Task.Delay(TimeSpan.FromSeconds(20), schedule.Time);
                continue;
            }
            await Task.Delay(schedule.Final ? TimeSpan.FromSeconds(random.NextDouble()) : plan.Pause * 2 * random.NextDouble()
                + TimeSpan.FromMilliseconds(10), schedule.Time);
            if (schedule.OpenProcess(shard, random) is not { } process)
            {
                await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 10)), schedule.Time);
                continue;
            }
            PushReply reply;
            try
            {
                reply = await process.PushAsync(plan, sequence).WaitAsync(TimeSpan.FromSeconds(random.Next(1, 60)), schedule.Time);
            }
            catch (Exception e) when (e is TimeoutException or ObjectDisposedException)
            {
                // No answer, or the process ended while it was asked.
                schedule.Totals.PushRetries++;
                continue;
            }
            switch (reply.Answer)
            {
                case PushAnswer.Acknowledged:
                    sequence++;
                    break;
                case PushAnswer.Expected when schedule.UsWasRolledBack && plan.Rewinds:
                    sequence = reply.Number;
                    break;
                case PushAnswer.Expected when schedule.UsWasRolledBack:
                    schedule.PossiblyLost(shard);
                    schedule.Done(plan);
                    return;
                case PushAnswer.Expected or PushAnswer.Differs:
                    schedule.Violated($"rule 32: {plan.Stream} pushes {sequence} to {process.Actor.Name} and is told {reply}");
                    schedule.Done(plan);
                    return;
                default:
                    schedule.Totals.PushRetries++;
                    break;
            }
        }
        schedule.Done(plan);
    }
}
