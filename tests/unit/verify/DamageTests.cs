using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Xunit;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>Any bit of what is stored.</summary>
public sealed class DamageTests
{
    private static async Task<StoredWorld> WorldAsync()
    {
        var world = new StoredWorld(3);
        for (var n = 0; n < 6; n++)
        {
            await world.CaptureAsync("web", StoredWorld.Rows(20, n, n % 2), empty: n);
            if (n % 2 == 1)
            {
                await world.ShipAsync();
            }
        }
        return world;
    }

    /// <summary>Flips the bit, verifies, and puts the object back. True: named or refused.</summary>
    private static async Task<bool> SeenAsync(StoredWorld world, Core.Store.IObjectStore store, string name, double where, int bit,
        bool deep)
    {
        var whole = (await store.ReadAsync(name))!;
        var damaged = whole.ToArray();
        damaged[(int)(where * whole.Length)] ^= (byte)(1 << bit);
        await store.OverwriteAsync(name, damaged);
        try
        {
            return !(await world.VerifyAsync(deep)).Ok;
        }
        catch (PipelineException e) when (e is ConfigurationException or FailedException)
        {
            return true;
        }
        finally
        {
            await store.OverwriteAsync(name, whole);
        }
    }

    /// <summary>The name of a member that holds its default may change, and the state is still the same.</summary>
    private static bool SameState(StoredWorld world, string name, double where, int bit)
    {
        var bytes = world.Us.ReadAsync(name).GetAwaiter().GetResult()!;
        var state = SnapshotFile.Decode(bytes, name, world.Key.Captures()).ToJson();
        bytes[(int)(where * bytes.Length)] ^= (byte)(1 << bit);
        try
        {
            return SnapshotFile.Decode(bytes, name, world.Key.Captures()).ToJson().AsSpan().SequenceEqual(state);
        }
        catch (Exception e) when (e is InvalidDataException or PipelineException)
        {
            return false;
        }
    }

    private static readonly Gen<(double Where, int Bit)> Flip = Gen.Select(Gen.Double[0, 0.999999], Gen.Int[0, 7]);

    [Fact]
    public async Task No_bit_of_a_capture_changes_unseen()
    {
        var world = await WorldAsync();
        Gen.Select(Flip, Gen.Int[0, 5])
            .Sample((flip, number) => SeenAsync(world, world.Us, CaptureNames.Capture("web", number), flip.Where, flip.Bit, false)
            .GetAwaiter().GetResult(), iter: 300, threads: 1);
    }

    [Fact]
    public async Task Rule_3_No_bit_of_a_snapshot_changes_its_state_unseen()
    {
        var world = await WorldAsync();
        Gen.Select(Flip, Gen.Int[0, 1]).Sample((flip, index) => 
            SameState(world, CaptureNames.Snapshot("web", index * 3 + 2), flip.Where, flip.Bit)
                || SeenAsync(world, world.Us, CaptureNames.Snapshot("web", index * 3 + 2), flip.Where, flip.Bit, false).GetAwaiter()
                .GetResult(), iter: 300, threads: 1);
    }

    [Fact]
    public async Task No_bit_of_an_entry_below_the_newest_changes_unseen()
    {
        var world = await WorldAsync();
        Gen.Select(Flip, Gen.Int[0, 2])
            .Sample((flip, version) => SeenAsync(world, world.Uk, TableNames.Entry("xencenter-checks", version), flip.Where, flip.Bit,
            false).GetAwaiter().GetResult(), iter: 300, threads: 1);
    }

    [Fact]
    public async Task No_damage_to_a_segment_stops_the_check_with_a_fault_of_the_program()
    {
        var world = await WorldAsync();
        var segments = (await world.TableAsync())!.Files.Values.ToList();
        Gen.Select(Flip, Gen.Int[0, segments.Count - 1]).Sample((flip, index) =>
        {
            // Bits that no row depends on (statistics, the label) may differ; what the report then says is still that of all rows.
            SeenAsync(world, world.Uk, TableNames.Segment("xencenter-checks", segments[index].Path), flip.Where, flip.Bit, true)
                .GetAwaiter().GetResult();
        }, iter: 300, threads: 1);
    }
}
