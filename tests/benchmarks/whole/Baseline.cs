using System.Text.Json;
using DuckDB.NET.Data;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>
/// The baseline: DuckDB reads the same raw log with a regular expression, classifies in SQL, and writes zstd Parquet by date for both
/// datasets. Two threads, as the machine that the
/// targets are for has. It is given what it does not have to do: no capture, no fsync, no sums, no counts of rejections, no positions, one
/// time zone only.
/// The query is the fastest of seven that gave the same rows (docs/decisions): a filter in the same statement as the expression is
/// pushed below it, and the expression is then computed
/// more than once, which took three times as long; with more than four groups, or where a repetition can take the byte that ends it, RE2
/// leaves its one-pass way.
/// </summary>
internal static class Baseline
{
    private const string Line = """^(\S+) \S+ \S+ \[([^ \]]+) \+0000\] "GET (\S+) HTTP/[0-9.]+" [0-9]{3} \S+ "[^"]*" "([^"]*)"$""";
    private const string XenCenter = """regexp_full_match(r.target, '(?i)[^?]*/(?:updates|XCUpdates|CHCUpdates)\.xml(?:\?.*)?') AND regexp_full_match(r.agent, '\[?XenCenter\]?/[0-9]{1,9}(?:\.[0-9]{1,9}){3} \((?:64|32)-bit\)')""";
    private const string Agent = """regexp_full_match(r.target, '(?i)[^?]*/updates\.(?:(?:2|v2|latest|[0-9]+(?:\.[0-9]+){2,3})\.)?(?:tsv|json)(?:\?.*)?')""";

    /// <summary>Runs in a process of its own. Prints {dataset: rows}.</summary>
    public static int Run(string log, string to)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Execute(connection, "SET threads = 2; SET preserve_insertion_order = false");
        Execute(connection, $$"""
            CREATE TEMP TABLE lines AS SELECT regexp_extract(line, '{{Line}}', ['ip', 'time', 'target', 'agent']) AS r
            FROM read_csv('{{log}}', columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false, max_line_size = 1048576)
            """);
        Directory.CreateDirectory(to);
        Copy(connection, "xencenter-checks", "split_part(split_part(r.agent, '/', 2), ' ', 1) AS xencenter_version", XenCenter, to);
        Copy(connection, "agent-updates", "nullif(lower(regexp_extract(r.target, '[?&]id=([0-9a-fA-F]{4})', 1)), '') AS vm_uuid_prefix",
            Agent, to);
        var counts = new Dictionary<string, long>();
        using var command = connection.CreateCommand();
        // From the files' own footers: what was written, not what was meant to be.
        command.CommandText =
            $"SELECT split_part(file_name[{to.Length + 2}:], '/', 1), sum(num_rows)::BIGINT FROM " +
            $"parquet_file_metadata('{to}/**/*.parquet') GROUP BY 1";
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
        var (output, usage) = Child.Run(Child.Dotnet, Path.Combine(AppContext.BaseDirectory, "Pipeline.Tests.Benchmarks.dll"), "duckdb",
            folder[log], folder[to]);
        var counts = JsonSerializer.Deserialize<Dictionary<string, long>>(output)!;
        foreach (var (dataset, expected) in truth.Counts.Records)
        {
            Check.Equal($"the baseline's rows of {dataset}", counts.GetValueOrDefault(dataset), expected);
        }
        var bytes = new DirectoryInfo(folder[to]).EnumerateFiles("*.parquet", SearchOption.AllDirectories).Sum(file => file.Length);
        folder.Remove(to);
        return (usage, bytes / (double)counts.Values.Sum());
    }

    private static void Copy(DuckDBConnection connection, string dataset, string third, string filter, string to) => Execute(connection, $"""
        COPY (SELECT time::DATE AS date, * FROM (SELECT strptime(r.time, '%d/%b/%Y:%H:%M:%S') AS time, r.ip AS client_ip, {third} FROM lines WHERE r.ip <> '' AND {filter}))
        TO '{to}/{dataset}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date))
        """);

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
