namespace Pipeline.Tests.Integration.Disaster;

/// <summary>docs/runbooks/disaster.md, done with the built program: what is gone, what `verify` says, what to type.</summary>
public sealed class DisasterTests
{
    private static string Text(System.Text.Json.JsonElement report, string member) => report.GetProperty(member).ToString();

    [Fact]
    public void A_table_restored_to_yesterday_by_an_appended_entry_is_named_and_repaired()
    {
        using var world = new World();
        for (var i = 0; i < 4; i++)
        {
            world.Import($"{i}.log", i * 10, 10);
        }
        world.Restore(2);
        var lost = world.Verify(3);
        var missing = Assert.Single(lost.GetProperty("missing").EnumerateArray());
        var (from, to) = ($"{missing.GetProperty("from")}", $"{missing.GetProperty("to")}");
        Assert.Equal(20, missing.GetProperty("records").GetInt64());
        Assert.Contains("took the table back to version 2", Text(lost, "differences"), StringComparison.Ordinal);
        Assert.Contains($"pipeline repair --shard web --from {from} --to {to} --dry-run", Text(lost, "differences"),
            StringComparison.Ordinal);
        Assert.Equal(3, world.Do("verify", "--side", "uk").Exit);
        Assert.Equal(0, world.Do("verify", "--side", "us", "--deep").Exit);

        // The live stream goes on meanwhile.
        world.Import("5.log", 50, 5);
        var plan = world.Do("repair", "--shard", "web", "--from", from, "--to", to, "--dry-run", "--json");
        Assert.Equal((0, true), (plan.Exit, plan.Json.GetProperty("dryRun").GetBoolean()));
        Assert.Equal(3, world.Do("verify").Exit);
        var done = world.Do("repair", "--shard", "web", "--from", from, "--to", to, "--json");
        Assert.Equal(0, done.Exit);
        Assert.Contains("\"rows\": 20", done.Out, StringComparison.Ordinal);
        Assert.Contains("receipts/repair/xencenter-checks/", done.Out, StringComparison.Ordinal);
        Assert.Equal(45, world.Verify(0, "--deep").GetProperty("lines").GetInt64());
        Assert.Equal(0, world.Verify(0, "--deep", "--side", "uk").GetProperty("missing").GetArrayLength());
        var again = world.Do("repair", "--shard", "web", "--from", from, "--to", to, "--json");
        Assert.DoesNotContain("\"rows\": 20", again.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_restored_from_yesterdays_copy_is_pending_and_shipped_again()
    {
        using var world = new World();
        world.Import("a.log", 0, 10);
        World.Copy(world.Uk, world["copy"]);
        world.Import("b.log", 10, 10);
        Assert.Equal(0, world.Do("verify", "--receipt").Exit);
        Directory.Delete(world.Uk, recursive: true);
        World.Copy(world["copy"], world.Uk);

        var behind = world.Verify(0);
        Assert.Equal(10, Assert.Single(behind.GetProperty("pending").EnumerateArray()).GetProperty("records").GetInt64());
        world.Import("c.log", 20, 1);
        Assert.Equal((21, 0), (world.Verify(0, "--deep").GetProperty("lines").GetInt64(),
            world.Verify(0).GetProperty("pending").GetArrayLength()));
    }

    [Fact]
    public void A_lost_table_is_filled_again_from_the_captures()
    {
        using var world = new World();
        world.Import("a.log", 0, 10);
        world.Import("b.log", 10, 10, "edge");
        Directory.Delete(world.Uk, recursive: true);
        var gone = world.Do("verify");
        Assert.Equal(78, gone.Exit);
        Assert.Contains("There is no store at", gone.Error, StringComparison.Ordinal);
        // The captures are whole: said with the credentials of their store alone.
        Assert.Equal(20, world.Verify(0, "--side", "us", "--deep").GetProperty("lines").GetInt64());

        Assert.Equal(0, Cli.Cli.Run("store", "init", world.Uk, "--role", "table", "--region", "uk", "--captures", world.Us).Exit);
        world.Import("c.log", 20, 1);
        var filled = world.Verify(0, "--deep");
        Assert.Equal((21, 0), (filled.GetProperty("lines").GetInt64(), filled.GetProperty("pending").GetArrayLength()));
    }

    [Fact]
    public void A_lost_capture_store_is_never_made_anew_and_what_the_table_has_is_proven_without_it()
    {
        using var world = new World();
        world.Import("a.log", 0, 10);
        World.Copy(world.Us, world["copy"]);
        Directory.Delete(world.Us, recursive: true);
        var import = world.Do("import", world.Folder.Write("b.log", Cli.Sample.Line(30)), "--source", "web");
        Assert.Equal(78, import.Exit);
        Assert.Contains("is not made anew", import.Error, StringComparison.Ordinal);
        Directory.Delete(world.Us, recursive: true);
        var uk = world.Verify(0, "--side", "uk", "--deep");
        Assert.Equal("[\"uk\"]", Text(uk, "checked").Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings(""));

        // From a copy it goes on where the copy ends.
        World.Copy(world["copy"], world.Us);
        Assert.Equal(0, world.Do("import", world["b.log"], "--source", "web").Exit);
        Assert.Equal(11, world.Verify(0, "--deep").GetProperty("lines").GetInt64());
    }

    [Fact]
    public void A_capture_store_that_was_set_back_is_a_fork_of_its_shard_and_the_others_go_on()
    {
        using var world = new World();
        world.Import("a.log", 0, 10);
        World.Copy(world.Us, world["copy"]);
        world.Import("b.log", 10, 10);
        Directory.Delete(world.Us, recursive: true);
        World.Copy(world["copy"], world.Us);

        var import = world.Do("import", world.Folder.Write("c.log", Cli.Sample.Line(40)), "--source", "edge");
        Assert.Contains("shard web: a fork at capture", import.Error, StringComparison.Ordinal);
        Assert.Contains("docs/runbooks/forks.md", import.Error, StringComparison.Ordinal);
        var report = world.Verify(3);
        Assert.Equal("web", Assert.Single(report.GetProperty("forks").EnumerateArray()).GetProperty("shard").GetString());
        // The other shard's line is in the table all the same.
        Assert.DoesNotContain("\"shard\": \"edge\"", Text(report, "pending"), StringComparison.Ordinal);
        var ship = world.Do("status", "--json");
        Assert.Contains("has shipped up to capture", ship.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Rejections_name_a_shard_that_cannot_be_read_on_and_show_the_rest()
    {
        using var world = new World();
        world.Folder.Write("bad.log", "no line of a log\n" + Cli.Sample.Line(1));
        Assert.Equal(0, world.Do("import", world["bad.log"], "--source", "edge").Exit);
        world.Import("a.log", 0, 2);
        world.Import("b.log", 10, 2);
        var second = Directory.GetFiles(Path.Combine(world.Us, "captures", "web"), "*", SearchOption.AllDirectories)
            .Max(StringComparer.Ordinal)!;
        var first = Directory.GetFiles(Path.Combine(world.Us, "captures", "web"), "*", SearchOption.AllDirectories)
            .Min(StringComparer.Ordinal)!;
        var bytes = File.ReadAllBytes(first);
        bytes[^1] ^= 1;
        File.WriteAllBytes(first, bytes);
        var answer = world.Do("rejections", "--json");
        Assert.Equal(3, answer.Exit);
        Assert.Equal(1, answer.Json.GetProperty("reasons").GetProperty("malformed").GetInt64());
        Assert.Contains("captures/web/", answer.Json.GetProperty("forks")[0].GetString(), StringComparison.Ordinal);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void A_capture_of_a_later_version_stops_whoever_reads_it_with_upgrade_and_a_code_that_is_not_started_again()
    {
        using var world = new World();
        world.Import("a.log", 0, 10);
        var capture = Directory.GetFiles(Path.Combine(world.Us, "captures", "web"), "*", SearchOption.AllDirectories)
            .Max(StringComparer.Ordinal)!;
        var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(capture));
        Assert.StartsWith("CAPTURE2\n", text, StringComparison.Ordinal);
        // Another first digit alone would be damage: the rest proves that this version made it. A later version's code is its own.
        File.WriteAllBytes(capture, System.Text.Encoding.Latin1.GetBytes("CAPTURE4\n" + text[9..20] + "code of another kind" + text[40..]));
        foreach (var command in new[] { new[] { "verify" }, ["verify", "--side", "us"], ["rejections"],
            ["import", world.Folder.Write("b.log", Cli.Sample.Line(30)), "--source", "web"] })
        {
            var answer = world.Do(command);
            Assert.True(answer.Exit == 78, $"{command[0]}: {answer.Exit} {answer.Out} {answer.Error}");
            Assert.Contains("Upgrade this program", answer.Error, StringComparison.Ordinal);
        }
        // Nothing was taken for damage, and the upgraded program goes on.
        File.WriteAllBytes(capture, System.Text.Encoding.Latin1.GetBytes(text));
        world.Import("b.log", 30, 1);
        Assert.Equal(11, world.Verify(0, "--deep").GetProperty("lines").GetInt64());
    }

    [Fact]
    public void A_lost_key_is_named_and_never_made_anew_and_another_is_refused()
    {
        using var world = new World();
        world.Import("a.log", 0, 10);
        var key = Path.Combine(world.Dir, "keys", "installation.key");
        File.Move(key, world["kept.key"]);
        foreach (var command in new[] { new[] { "verify" }, ["verify", "--side", "uk"], ["verify", "--side", "us"],
            ["import", world["a.log"], "--source", "web"] })
        {
            var answer = world.Do(command);
            Assert.Equal(78, answer.Exit);
            Assert.Contains("key", answer.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(key));
        }
        // The rows are readable without it; from the kept copy all goes on.
        File.Move(world["kept.key"], key);
        Assert.Equal(10, world.Verify(0, "--deep").GetProperty("lines").GetInt64());
    }
}
