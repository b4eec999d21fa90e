using System.Text;

namespace Pipeline.Core.Table.Parquet;

/// <summary>How a file stores one top-level column: the physical type, whether values may be absent, and what a time's unit is worth in
/// µs.</summary>
internal sealed record ColumnShape(string Name, int Type, bool Optional, TimeUnit Unit)
{
    public static IReadOnlyDictionary<string, ColumnShape> Of(ThriftStruct footer)
    {
        var elements = footer.List(2).Cast<ThriftStruct>().ToList();
        var shapes = new Dictionary<string, ColumnShape>();
        for (var i = 1; i < elements.Count; i++)
        {
            var element = elements[i];
            if (element.Int(5) != 0)
            {
                throw new InvalidDataException("a nested column");
            }
            shapes[element.Text(4)] = new(element.Text(4), (int)element.Int(1), element.Int(3) == ParquetTerms.Optional, UnitOf(element));
        }
        return shapes;
    }

    public static string PathOf(ThriftStruct chunk) => string.Join('.',
        chunk.List(3).Select(part => Encoding.UTF8.GetString((byte[])part)));

    private static TimeUnit UnitOf(ThriftStruct element)
    {
        // isAdjustedToUTC is not asked: the tables hold UTC only, and some engines leave it out when they rewrite.
        if (element.Struct(10)?.Struct(8)?.Struct(2) is { } unit)
        {
            return unit.Has(1) ? TimeUnit.Millis : unit.Has(3) ? TimeUnit.Nanos : TimeUnit.Micros;
        }
        return element.Has(6) && element.Int(6) == ParquetTerms.ConvertedMillis ? TimeUnit.Millis : TimeUnit.Micros;
    }
}

internal enum TimeUnit { Millis, Micros, Nanos }
