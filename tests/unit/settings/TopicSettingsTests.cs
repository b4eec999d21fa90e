using Pipeline.Cli.Installation;

namespace Pipeline.Tests.Unit.Settings;

public sealed class TopicSettingsTests
{
    private static readonly TopicSettings Wanted = new("captures", 12, 3);

    [Fact]
    public void A_topic_as_it_would_be_created_has_nothing_wrong() => Assert.Empty(Wanted.Differences(Found()));

    [Fact]
    public void More_partitions_more_copies_and_larger_messages_are_as_good() =>
        Assert.Empty(Wanted.Differences(Found(("max.message.bytes", "2097152")) with { Partitions = 48, Replication = 4 }));

    [Theory]
    [InlineData("cleanup.policy", "compact")]
    [InlineData("cleanup.policy", "compact,delete")]
    [InlineData("max.message.bytes", "900000")]
    [InlineData("message.timestamp.type", "CreateTime")]
    [InlineData("min.insync.replicas", "1")]
    [InlineData("min.insync.replicas", "3")]
    [InlineData("retention.bytes", "1073741824")]
    [InlineData("retention.ms", "86400000")]
    [InlineData("retention.ms", "-1")]
    public void A_wrong_setting_is_told_with_what_to_type(string setting, string value)
    {
        var wrong = Assert.Single(Wanted.Differences(Found((setting, value))));
        Assert.Equal((setting, value), (wrong.Setting, wrong.Found));
        Assert.Contains($"--add-config {setting}={Wanted.Configuration[setting]}", wrong.Do, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once() =>
        Assert.Equal(["partitions", "replication", "cleanup.policy", "min.insync.replicas"],
            Wanted.Differences(Found(("cleanup.policy", "compact"), ("min.insync.replicas", "1")) with { Partitions = 1, Replication = 1 })
            .Select(w => w.Setting));

    [Fact]
    public void One_copy_needs_one_in_sync() => Assert.Empty((Wanted with { Replication = 1 })
        .Differences(Found(("min.insync.replicas", "1")) with { Replication = 1 }));

    private static FoundTopic Found(params (string Name, string Value)[] other)
    {
        var configuration = new Dictionary<string, string>(Wanted.Configuration) { ["segment.bytes"] = "1073741824" };
        foreach (var (name, value) in other)
        {
            configuration[name] = value;
        }
        return new FoundTopic(12, 3, configuration);
    }
}
