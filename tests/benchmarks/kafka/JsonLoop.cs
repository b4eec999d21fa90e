using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Confluent.Kafka;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>
/// The baseline: one JSON message a record, a plain loop over Confluent.Kafka with its fetch settings tuned, and the same Parquet writer.
/// Kind to it: times are numbers,
/// keys are absent, nothing is committed, and each date is one file that is written at the end.
/// </summary>
internal static class JsonLoop
{
    private const int BatchRows = 8_192;

    public static void Produce(IProducer<byte[], byte[]> producer, string topic, Columns batch)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        for (var row = 0; row < batch.Rows; row++)
        {
            buffer.ResetWrittenCount();
            json.Reset(buffer);
            json.WriteStartObject();
            json.WriteString("dataset", batch.Contract.Dataset);
            json.WriteNumber("time", batch.Time[row]);
            foreach (var column in batch.Strings)
            {
                if (column.IsPresent(row))
                {
                    json.WriteString(column.Name, column[row]);
                }
            }
            json.WriteEndObject();
            json.Flush();
            var message = new Message<byte[], byte[]> { Value = buffer.WrittenSpan.ToArray() };
            while (true)
            {
                try
                {
                    producer.Produce(topic, message);
                    break;
                }
                catch (ProduceException<byte[], byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
                {
                    producer.Poll(TimeSpan.FromMilliseconds(50));
                }
            }
        }
    }

    public static int Run(string servers, string topic, long records, string to)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new Dictionary<string, string>
        {
            ["bootstrap.servers"] = servers, ["group.id"] = "json", ["auto.offset.reset"] = "earliest", ["enable.auto.commit"] = "false",
            ["fetch.queue.backoff.ms"] = "5", ["queued.min.messages"] = "1000000", ["queued.max.messages.kbytes"] = "131072",
                ["fetch.max.bytes"] = "16777216", ["max.partition.fetch.bytes"] = "4194304",
            ["check.crcs"] = "true",
        }).Build();
        consumer.Subscribe(topic);
        var tables = PublishedContracts.All.Select(contract => new Table(contract)).ToArray();
        for (var count = 0L; count < records;)
        {
            if (consumer.Consume(TimeSpan.FromSeconds(30)) is not { } message)
            {
                throw new InvalidOperationException($"{count} of {records} messages came");
            }
            Take(message.Message.Value, tables);
            count++;
        }
        Directory.CreateDirectory(to);
        var size = tables.Sum(table => table.Finish(to));
        consumer.Close();
        Console.Out.WriteLine((size / (double)records).ToString("0.0", CultureInfo.InvariantCulture));
        return 0;
    }

    private static void Take(byte[] message, Table[] tables)
    {
        var json = new Utf8JsonReader(message);
        json.Read();
        json.Read();
        json.Read();
        var table = tables[0];
        foreach (var other in tables)
        {
            if (json.ValueTextEquals(other.Name))
            {
                table = other;
            }
        }
        json.Read();
        json.Read();
        var columns = table.Row(json.GetInt64());
        for (var c = 0; c < columns.Strings.Count; c++)
        {
            // Members come in the order of the fields; one that is absent is left out.
            if (c == 0 || json.TokenType != JsonTokenType.PropertyName)
            {
                json.Read();
            }
            if (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(columns.Strings[c].Name))
            {
                json.Read();
                columns.Strings[c].Append(json.ValueSpan);
            }
            else
            {
                columns.Strings[c].AppendAbsent();
            }
        }
    }

    /// <summary>One dataset: an open segment for each date.</summary>
    private sealed class Table(Contract contract)
    {
        private readonly Dictionary<UtcDay, (Columns Batch, SegmentWriter Writer)> _days = [];

        public byte[] Name { get; } = System.Text.Encoding.UTF8.GetBytes(contract.Dataset);

        public Columns Row(long time)
        {
            var day = UtcDay.Of(time);
            if (!_days.TryGetValue(day, out var open))
            {
                open = _days[day] =
                    (new Columns(contract), new SegmentWriter(contract, day,
                    new SegmentLabel("store", "kid", "contract", [new("web", 0, 9)])));
            }
            if (open.Batch.Rows == BatchRows)
            {
                open.Writer.Add(open.Batch);
                open.Batch.Clear();
            }
            open.Batch.AddRow(time);
            return open.Batch;
        }

        public long Finish(string to)
        {
            var size = 0L;
            foreach (var (day, (batch, writer)) in _days)
            {
                using (writer)
                {
                    writer.Add(batch);
                    var bytes = writer.Finish();
                    File.WriteAllBytes(Path.Combine(to, $"{contract.Dataset}-{day}.parquet"), bytes.Span);
                    size += bytes.Length;
                }
            }
            return size;
        }
    }
}
