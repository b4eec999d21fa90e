using System.Text.Json;
using DuckDB.NET.Data;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>
/// The baseline: DuckDB reads the same raw log with a regular expression, classifies in SQL, and writes zstd Parquet by dataset and date in one pass. Two threads, as the machine that the
/// targets are for has. It is given what it does not have to do: no capture, no fsync, no sums, no counts of rejections, no positions, one time zone only.
/// </summary>
internal static class Baseline
{
    private const string Line = """^(\S+) \S+ \S+ \[([^\]]+) \+0000\] "(\S+) ([^ "?]*)(?:\?([^ "]*))? HTTP/[0-9.]+" [0-9]{3} \S+ "[^"]*" "([^"]*)"$""";

    /// <summary>Runs in a process of its own. Prints {dataset: rows}.</summary>
    public static int Run(string log, string to)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Execute(connection, "SET threads = 2; SET preserve_insertion_order = false");
        Execute(connection, $$"""
            COPY (
              WITH parsed AS (
                SELECT regexp_extract(line, '{{Line}}', ['ip', 'time', 'method', 'path', 'query', 'agent']) AS r
                FROM read_csv('{{log}}', columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false, max_line_size = 1048576)
              ), known AS (
                SELECT r,
                  CASE WHEN regexp_full_match(r.path, '(?i).*/(?:updates|XCUpdates|CHCUpdates)\.xml') AND regexp_full_match(r.agent, '\[?XenCenter\]?/[0-9]{1,9}(?:\.[0-9]{1,9}){3} \((?:64|32)-bit\)') THEN 'xencenter-checks'
                       WHEN regexp_full_match(r.path, '(?i).*/updates\.(?:(?:2|v2|latest|[0-9]+(?:\.[0-9]+){2,3})\.)?(?:tsv|json)') THEN 'agent-updates' END AS dataset
                FROM parsed WHERE r.method = 'GET'
              ), rows AS (
                SELECT dataset, strptime(r.time, '%d/%b/%Y:%H:%M:%S') AS time, r.ip AS client_ip,
                  CASE dataset WHEN 'xencenter-checks' THEN regexp_extract(r.agent, '/([0-9.]+) ', 1)
                       ELSE nullif(lower(regexp_extract(r.query, '(?:^|&)id=([0-9a-fA-F]{4})', 1)), '') END AS value
                FROM known WHERE dataset IS NOT NULL
              )
              SELECT dataset, time::DATE AS date, time, client_ip, value FROM rows
            ) TO '{{to}}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (dataset, date))
            """);
        var counts = new Dictionary<string, long>();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT dataset, count(*) FROM read_parquet('{to}/**/*.parquet', hive_partitioning = true) GROUP BY dataset";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            counts[reader.GetString(0)] = reader.GetInt64(1);
        }
        Console.WriteLine(JsonSerializer.Serialize(counts));
        return 0;
    }

    /// <summary>The baseline as a child process, its rows checked against the log's truth.</summary>
    public static (Usage Usage, double BytesPerRow) Measure(TemporaryFolder folder, string log, string to, CombinedLogTruth truth)
    {
        var (output, usage) = Child.Run(Child.Dotnet, Path.Combine(AppContext.BaseDirectory, "Pipeline.Tests.Benchmarks.dll"), "duckdb", folder[log], folder[to]);
        var counts = JsonSerializer.Deserialize<Dictionary<string, long>>(output)!;
        foreach (var (dataset, expected) in truth.Counts.Records)
        {
            Check.Equal($"the baseline's rows of {dataset}", counts.GetValueOrDefault(dataset), expected);
        }
        var bytes = new DirectoryInfo(folder[to]).EnumerateFiles("*.parquet", SearchOption.AllDirectories).Sum(file => file.Length);
        folder.Remove(to);
        return (usage, bytes / (double)counts.Values.Sum());
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
