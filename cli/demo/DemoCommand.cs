using System.CommandLine;
using Pipeline.Cli.Output;

namespace Pipeline.Cli.Demo;

/// <summary>`demo`: a simulated week of logs through the embedded pipeline, facts beside the truth.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ =>
            1, HelpName = "N", Description = "the same seed gives the same logs" };
        var days = new Option<int>("--days") { DefaultValueFactory = _ =>
            7, HelpName = "N", Description = "length of the simulated time, 1 to 366" };
        var installs = new Option<int>("--installs") { DefaultValueFactory = _ =>
            2000, HelpName = "N", Description = "XenCenter installs in the simulated world, 0 to 1000000" };
        days.Validators.Add(r => { if (r.GetValueOrDefault<int>() is < 1 or > 366) { r.AddError("--days: expected 1 to 366."); } });
        installs.Validators.Add(r =>
            { if (r.GetValueOrDefault<int>() is < 0 or > 1_000_000) { r.AddError("--installs: expected 0 to 1000000."); } });
        return new Command("demo", "a simulated week of logs through the whole pipeline, facts beside the truth (in ./.demo)") { seed, days,
            installs }.Does((parsed, output, stop) =>
            new DemoRun(DemoFolder.At(parsed.GetValue(Common.Dir) ?? DemoFolder.Default),
                new Worlds.WorldOptions { Seed = parsed.GetValue(seed), Days = parsed.GetValue(days),
                Installs = parsed.GetValue(installs) }, output).RunAsync(stop));
    }
}
