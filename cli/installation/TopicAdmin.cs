using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Pipeline.Cli.Settings;
using Pipeline.Core;

namespace Pipeline.Cli.Installation;

/// <summary>Looks at the topic and creates it. Errors of the cluster become exits: 5 where it does not answer, 78 where it
/// refuses.</summary>
internal sealed class TopicAdmin : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(15);

    private readonly KafkaConnection _connection;
    private readonly IAdminClient _admin;
    private readonly TaskCompletionSource<string> _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _trouble;

    public TopicAdmin(KafkaConnection connection)
    {
        _connection = connection;
        var kafka = connection.Settings;
        Wanted = new TopicSettings(connection.Topic, kafka.Partitions, kafka.Replication);
        _admin = new AdminClientBuilder(connection.Properties).SetLogHandler((_, _) => { }).SetErrorHandler((_, e) => Reported(e)).Build();
    }

    public TopicSettings Wanted { get; }

    /// <summary>The topic, or null where there is none.</summary>
    /// <exception cref="PipelineException">4: a broker advertises a name off this machine, and there is no TLS. 5, 78.</exception>
    public Task<FoundTopic?> FindAsync() => AnswerAsync<FoundTopic?>("looked at", async () =>
    {
        foreach (var node in (await _admin.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = Within })).Nodes)
        {
            _connection.CheckBroker(node.Host);
        }
        // Not by asking for its metadata, which makes a topic where brokers are set to do so.
        var topics = await DescribeAsync();
        if (topics is null)
        {
            return null;
        }
        var configuration = await _admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = _connection.Topic }],
            new DescribeConfigsOptions { RequestTimeout = Within });
        return new FoundTopic(topics.Partitions.Count, topics.Partitions.Min(p => p.Replicas.Count),
            configuration.Single().Entries.ToDictionary(e => e.Key, e => e.Value.Value ?? "", StringComparer.Ordinal));
    });

    /// <summary>Creates it as it must be; another process may have done so meanwhile.</summary>
    public Task CreateAsync() => AnswerAsync("created", async () =>
    {
        try
        {
            await _admin.CreateTopicsAsync(
                [new TopicSpecification { Name = Wanted.Topic, NumPartitions = Wanted.Partitions,
                    ReplicationFactor = (short)Wanted.Replication, Configs = new Dictionary<string, string>(Wanted.Configuration) }],
                new CreateTopicsOptions { RequestTimeout = Within, OperationTimeout = Within });
        }
        catch (CreateTopicsException e) when (e.Results.All(r => r.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists))
        {
            // Checked like any other that was there.
        }
        return true;
    });

    public void Dispose() => _admin.Dispose();

    /// <summary>The client library tries for ever what a broker will never take: who is refused is told at once.</summary>
    private void Reported(Error error)
    {
        _trouble = error.Reason;
        if (error.Code is ErrorCode.Local_Authentication or ErrorCode.Local_Ssl)
        {
            _refused.TrySetResult(error.Reason);
        }
    }

    private async Task<TopicDescription?> DescribeAsync()
    {
        try
        {
            return (await _admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([_connection.Topic]),
                new DescribeTopicsOptions { RequestTimeout = Within })).TopicDescriptions.Single();
        }
        catch (DescribeTopicsException e) when (e.Results.TopicDescriptions.All(t => t.Error.Code == ErrorCode.UnknownTopicOrPart))
        {
            return null;
        }
    }

    private async Task<T> AnswerAsync<T>(string done, Func<Task<T>> ask)
    {
        try
        {
            var answer = ask();
            if (await Task.WhenAny(answer, _refused.Task) == answer)
            {
                return await answer;
            }
            _ = answer.ContinueWith(late => late.Exception, TaskScheduler.Default);
            throw new ConfigurationException(
                $"Kafka at {_connection.Settings.BootstrapServers}: the connection is refused: {await _refused.Task}. Check kafka.tls " +
                $"and kafka.sasl.");
        }
        catch (KafkaException e)
        {
            var error = e switch
            {
                CreateTopicsException create => create.Results.First(r => r.Error.IsError).Error,
                DescribeTopicsException describe => describe.Results.TopicDescriptions.First(t => t.Error.IsError).Error,
                DescribeConfigsException configs => configs.Results.First(r => r.Error.IsError).Error,
                _ => e.Error,
            };
            var where = $"Kafka at {_connection.Settings.BootstrapServers}: topic {_connection.Topic} could not be {done}";
            throw error.Code switch
            {
                ErrorCode.Local_TimedOut or ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.RequestTimedOut
                    or ErrorCode.LeaderNotAvailable or ErrorCode.NotController or ErrorCode.BrokerNotAvailable =>
                    new OutageException(
                    $"{where}: no answer within {Within.TotalSeconds} s{(_trouble is null ? "" : $" ({_trouble})")}. Check " +
                    $"kafka.bootstrap-servers, kafka.tls and kafka.sasl, and that the brokers run; then run the command again.", e),
                ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed =>
                    new ConfigurationException(
                    $"{where}: this user may not ({error.Code}). It needs Describe and DescribeConfigs on the topic, and Create to make " +
                    $"it.", e),
                _ => new ConfigurationException($"{where}: {error.Reason} ({error.Code}).", e),
            };
        }
    }
}
