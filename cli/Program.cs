using System.CommandLine;
using Pipeline.Cli;
using Pipeline.Cli.Commands;
using Pipeline.Cli.Demo;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;

var program = new RootCommand("Web logs in, a table of update checks out: captured in the US, kept in the UK, every line accounted for.")
{
    // see it work
    DemoCommand.Create(),
    // lines in
    ImportCommand.Create(),
    RunCommand.Create("run", "all roles in one process, until SIGTERM", RunParts.All),
    RunCommand.Create("ingest", "only the sources: lines become captures, until SIGTERM", RunParts.Ingest),
    RunCommand.Create("ship", "only the shipper: captures become table, until SIGTERM", RunParts.Ship),
    // look
    StatusCommand.Create(),
    VerifyCommand.Create(),
    InstallsCommand.Create(),
    RejectionsCommand.Create(),
    InspectCommand.Create(),
    ValidateCommand.Create(),
    ExplainCommand.Create(),
    // act
    CompactCommand.Create(),
    RepairCommand.Create(),
    RedriveCommand.Create(),
    WithdrawCommand.Create(),
    StoreCommand.Create(),
    ContractCommand.Create(),
    TopicsCommand.Create(),
    PushCommand.Create(),
    // for the shell
    CompletionCommand.Create(),
};
Common.AddTo(program);

return await ProgramEdge.RunAsync(program, args);
