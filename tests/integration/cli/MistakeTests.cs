namespace Pipeline.Tests.Integration.Cli;

/// <summary>Mistakes that people make, typed into the real program: an exit code, a message that says what to do, and nothing
/// lost.</summary>
public sealed class MistakeTests
{
    [Theory]
    [InlineData("verfy", "Did you mean 'verify'?")]
    [InlineData("import x --sorce web", "Option '--source' is required")]
    [InlineData("store ini", "Did you mean 'init'?")]
    [InlineData("status --jsn --dir d", "Did you mean '--json'?")]
    public void A_mistyped_word_is_wrong_usage_and_names_the_nearest(string typed, string said) =>
        Refused(2, said, typed.Split(' '));

    [Theory]
    [InlineData("validate")]
    [InlineData("inspect")]
    public void An_empty_argument_is_wrong_usage_and_no_fault(string command) => Refused(2, "an argument is empty", command, "");

    [Fact]
    public void Help_and_version_are_commands_too()
    {
        Assert.Contains("Usage:", Cli.Run("help", "verify").Out, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+", Cli.Run("version").Out);
    }

    [Theory]
    [InlineData("sources:\n  - name: a\n    paths: {\n", "column 1", "  3 |     paths: {")]
    [InlineData("sources:\n  - name: a\n    pathes: x\n", "'sources.pathes' is no setting", "Did you mean 'paths'?")]
    [InlineData("sources:\n  - name: a\n    paths: 7\n", "found '7', expected a path")]
    [InlineData("push: true\n", "'push': found one value, expected a map")]
    [InlineData("seals: { bytes: 1 }\n", "Did you mean 'seal'?")]
    [InlineData("stores: { us: { connection-string: topsecret", "not YAML")]
    public void A_mistake_in_the_configuration_is_told_with_its_place_by_validate_and_by_run(string yaml, params string[] said)
    {
        using var folder = new Folder();
        var config = folder.Write("p.yaml", yaml);
        foreach (var command in new[] { "validate", "run" })
        {
            var answer = Refused(78, said[0], command, "--config", config, "--dir", folder.Dir);
            Assert.All(said, text => Assert.Contains(text, answer.Error, StringComparison.Ordinal));
            Assert.DoesNotContain("topsecret", answer.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("PIPELINE_SEAL_AGE")]
    [InlineData("PIPELINE__SEAL__AG")]
    public void A_variable_that_is_nearly_a_setting_is_told(string name)
    {
        using var folder = new Folder();
        var answer = Cli.Run(new Dictionary<string, string> { [name] = "3m" }, "validate", "--dir", folder.Dir);
        Assert.Equal(78, answer.Exit);
        Assert.Contains("Did you mean 'PIPELINE__SEAL__AGE'?", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_refuses_the_address_that_run_refuses_and_run_touches_no_store()
    {
        using var folder = new Folder();
        var config = folder.Write("p.yaml",
            "push: { url: 'http://0.0.0.0:8080' }\nsources:\n  - { name: a, format: combined, push: true }\n");
        foreach (var command in new[] { "validate", "run" })
        {
            Refused(4, "in the clear at 0.0.0.0:8080", command, "--config", config, "--dir", folder.Dir);
        }
        Assert.False(Directory.Exists(folder.Dir));
    }

    [Fact]
    public void A_file_that_is_no_contract_is_not_shown()
    {
        using var folder = new Folder();
        var file = folder.Write("passwd", string.Concat(Enumerable.Range(0, 20).Select(i => $"name{i}:x:{i}:secret words\n")));
        Assert.DoesNotContain("secret words", Refused(78, "found a text of", "validate", file).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_format_is_told_with_exit_3_and_redrive_reads_the_lines_in_the_right_one()
    {
        using var folder = new Folder();
        var log = folder.Write("access.log", string.Concat(Enumerable.Range(0, 40).Select(i => Sample.Line(i))));
        var import = Refused(3, "40 of 40 new lines are malformed", "import", log, "--source", "web-1", "--format", "iis-w3c", "--dir",
            folder.Dir);
        Assert.Contains("pipeline redrive --reason malformed --source web-1", import.Error, StringComparison.Ordinal);
        Assert.Contains("key made: ", import.Error, StringComparison.Ordinal);
        var redriven = Cli.Run("redrive", "--reason", "malformed", "--source", "web-1", "--dir", folder.Dir);
        Assert.Equal(0, redriven.Exit);
        Assert.DoesNotContain("seal table", redriven.Error, StringComparison.Ordinal);
        var verify = Cli.Run("verify", "--dir", folder.Dir, "--json").Json;
        Assert.Equal((40, 40), (verify.GetProperty("lines").GetInt32(),
            verify.GetProperty("records").EnumerateObject().Sum(r => r.Value.GetInt32())));
        // Names that are no source's, and files that are gone.
        Refused(2, "Did you mean 'web-1'?", "rejections", "--source", "web1", "--dir", folder.Dir);
        Refused(2, "has no source 'nope'", "repair", "--shard", "nope", "--from", "1", "--to", "1", "--dir", folder.Dir);
        var gone = folder.Write("gone.log", string.Concat(Enumerable.Range(0, 3).Select(i => $"garbage {i}\n")));
        Assert.Equal(0, Cli.Run("import", gone, "--source", "web-2", "--format", "combined", "--dir", folder.Dir).Exit);
        File.Delete(gone);
        Assert.Equal(1, Cli.Run("redrive", "--reason", "malformed", "--source", "web-2", "--dir", folder.Dir).Exit);
    }

    [Fact]
    public void Files_beside_the_logs_are_named_with_what_they_are_and_can_be_left_out()
    {
        using var folder = new Folder();
        Directory.CreateDirectory(folder["logs"]);
        folder.Write("logs/access.log", Sample.Line(0));
        folder.Write("logs/error.log", "something else\n");
        File.WriteAllBytes(folder["logs/old.zst"], [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, (byte)'\n']);
        var import = Refused(1, "it is compressed with zstd", "import", folder["logs"], "--source", "web", "--dir", folder.Dir);
        Assert.Contains("--exclude 'error.log'", import.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("without a line end", import.Out, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Run("import", folder["logs"], "--source", "web", "--dir", folder.Dir, "--exclude", "error.*", "--exclude",
            "*.zst").Exit);
    }

    [Fact]
    public void A_port_that_another_program_has_is_an_outage_that_a_supervisor_tries_again()
    {
        using var folder = new Folder();
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        Refused(5, "push.url: another program listens at", "run", "--dir", folder.Dir, "--push", "web=combined", "--listen",
            $"http://127.0.0.1:{((System.Net.IPEndPoint)taken.LocalEndpoint).Port}");
    }

    [Fact]
    public void Status_fits_80_columns()
    {
        using var folder = new Folder();
        var log = folder.Write("access.log", string.Concat(Enumerable.Range(0, 40).Select(i => Sample.Line(i))));
        Assert.Equal(0, Cli.Run("import", log, "--source", "web-1", "--dir", folder.Dir).Exit);
        Assert.All(Cli.Run("status", "--dir", folder.Dir).Out.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
    }

    private static Answer Refused(int exit, string said, params string[] typed)
    {
        var answer = Cli.Run(typed);
        Assert.Equal(exit, answer.Exit);
        Assert.Contains(said, answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at Pipeline", answer.Error, StringComparison.Ordinal);
        return answer;
    }
}
