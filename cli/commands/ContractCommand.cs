using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Commands;

/// <summary>
/// `contract apply`: holds a contract against the one in force and keeps it in both stores, as `contracts/SHA256.yaml`. Which contract is
/// in force is what this program was built with: a stored one
/// takes effect with the program that has it.
/// </summary>
internal static class ContractCommand
{
    public static Command Create() => new("contract", "take a new contract") { Apply() };

    public static Contract Read(string file)
    {
        try
        {
            return ContractLoader.Parse(File.ReadAllBytes(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                $"contract {file}: it cannot be read ({e.GetType().Name}). Name a file that this user may read.", e);
        }
    }

    private static Command Apply()
    {
        var file = new Argument<string>("FILE") { Description = "the contract's YAML" };
        var dry = new Option<bool>("--dry-run") { Description = "compare only; write nothing" };
        return new Command("apply", "check a changed contract against the one in force, and keep it in both stores") { file,
            dry }.Does(async (parsed, output, stop) =>
        {
            var contract = Read(parsed.GetRequiredValue(file));
            Compare(PublishedContracts.ByDataset(contract.Dataset), contract);
            using var installation = await OpenInstallation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
            StoreResidency.Check(installation.Us.Location, StoreRole.Capture, installation.CaptureStore.Region, [contract]);
            StoreResidency.Check(installation.Uk.Location, StoreRole.Table, installation.TableStore.Region, [contract]);
            var name = $"contracts/{contract.Sha256}.yaml";
            var there = true;
            foreach (var store in new[] { installation.Us, installation.Uk })
            {
                var absent = await store.FindAsync(name, stop) is null;
                there &= !absent;
                if (absent && !parsed.GetValue(dry) && await store.PutIfAbsentAsync(name, contract.Bytes, stop) == PutOutcome.Other)
                {
                    throw new ConfigurationException(
                        $"'{name}' in {store.Location} holds other bytes. It was changed, or is another's; find out who wrote it.");
                }
            }
            var did = there ? "nothing to do: both stores have it" : parsed.GetValue(dry) ? "dry run: both stores would keep it"
                : "both stores keep it; it takes effect with a program that is built with it";
            output.Line($"{contract.Dataset} {contract.Version} (sha256 {contract.Sha256}): {did}");
            if (output.IsJson)
            {
                var stored = there || parsed.GetValue(dry) ? "false" : "true";
                Printer.Json($$"""{"dataset":"{{contract.Dataset}}","version":"{{contract.Version}}","sha256":"{{contract.Sha256}}","""
                    + $"\"stored\":{stored}}}");
            }
            return ExitCode.Done;
        });
    }

    /// <exception cref="PipelineException">4: it is a new dataset. 78: a later program's.</exception>
    private static void Compare(Contract before, Contract after)
    {
        foreach (var field in before.Fields)
        {
            var now = after.Fields.FirstOrDefault(f => f.Name == field.Name)
                ?? throw new PolicyException(
                    $"contract {after.Dataset} {after.Version}: the column {field.Name} is gone. A removed column is a new dataset: " +
                    $"give the contract a name of its own.");
            if (now.Type != field.Type)
            {
                throw new PolicyException(
                    $"contract {after.Dataset} {after.Version}: the column {field.Name} is {now.Type}, it was {field.Type}. Another " +
                    $"type is a new dataset: give the contract a name of its own.");
            }
            if (now.Required != field.Required)
            {
                throw new PolicyException(
                    $"contract {after.Dataset} {after.Version}: the column {field.Name} is {(now.Required ? "required" : "optional")}, " +
                    $"it was {(field.Required ? "required" : "optional")}. The rows that are there were made by the old rule; that is a " +
                    $"new dataset.");
            }
            if (now.Pattern != field.Pattern || now.MaxLength != field.MaxLength)
            {
                throw new ConfigurationException(
                    $"contract {after.Dataset} {after.Version}: the column {field.Name} has another pattern or length, which this " +
                    $"version of the program does not hold. Upgrade the program.");
            }
        }
        foreach (var added in after.Fields.Where(f => before.Fields.All(b => b.Name != f.Name)))
        {
            throw added.Required
                ? new PolicyException(
                    $"contract {after.Dataset} {after.Version}: the added column {added.Name} is required, and the rows that are there " +
                    $"lack it. An added column must be optional; a required one is a new dataset.")
                : new ConfigurationException(
                    $"contract {after.Dataset} {after.Version}: the added column {added.Name} is optional, as it must be, and this " +
                    $"version of the program fills {string.Join(", ", before.Fields.Select(f => f.Name))} and no other. Nothing was " +
                    $"written. Install a version whose parsers fill it, on every shipper first, and apply the contract with that.");
        }
    }
}
