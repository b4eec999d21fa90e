using System.Globalization;
using Pipeline.Tests.Benchmarks;
using Pipeline.Tests.Benchmarks.Age;
using Pipeline.Tests.Benchmarks.Counts;
using Pipeline.Tests.Benchmarks.Kafka;
using Pipeline.Tests.Benchmarks.Stages;
using Pipeline.Tests.Benchmarks.Tail;
using Pipeline.Tests.Benchmarks.Whole;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    // what people ask for
    case ["quick"]:
        return await Session.RunAsync(full: false);
    case []:
        return await Session.RunAsync(full: true);
    case ["stage", var name] when StageList.Find(name) is { } stage:
        Report.Print([.. stage()]);
        return 0;
    case ["whole"]:
        return await Session.OneAsync(work => Task.FromResult(Session.Whole(work)));
    case ["push"]:
        return await Session.OneAsync(work => PushRun.RunAsync(work));
    case ["push", "neighbours"]:
        return await Session.OneAsync(work => PushRun.RunAsync(work, idle: 256));
    case ["demo"]:
        return await Session.OneAsync(work => Task.FromResult(DemoRun.Run(work)));
    case ["tail"]:
        return await Session.OneAsync(TailRun.RunAsync);
    case ["age", .. var parts]:
        return await AgeSession.RunAsync(parts);
    case ["kafka", .. var parts]:
        return await KafkaSession.RunAsync(parts);
    case ["counts", .. var parts]:
        return CountsSession.Run(parts);
    case ["world", var name, var seed, var folder, .. var more] when more.Length <= 2:
        return WorldFiles.Write(name, seed, folder, more);
    // what a session starts: each in a process of its own, so that its memory and its compiled code are its own
    case ["stage", var name, "--json"] when StageList.Find(name) is { } stage:
        Figure.Write(stage());
        return 0;
    case ["launch", var usage, var program, .. var rest]:
        return Child.Launch(usage, program, rest);
    case ["tail-sink", var logs, var bytes]:
        return await TailSink.RunAsync(logs, long.Parse(bytes, CultureInfo.InvariantCulture));
    case ["kafka-json", var servers, var topic, var records, var to]:
        return JsonLoop.Run(servers, topic, long.Parse(records, CultureInfo.InvariantCulture), to);
    case ["duckdb", var log, var to]:
        return Baseline.Run(log, to);
    default:
        Console.Error.WriteLine($"found '{string.Join(' ', args)}', "
            + "expected nothing, quick, whole, push, push neighbours, demo, tail, age, kafka, counts, world, "
            + $"or stage NAME with one of: {string.Join(", ", StageList.Names)}");
        return 2;
}
