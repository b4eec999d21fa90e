using System.Text;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Tests.Unit.Formats.Differential;
using Pipeline.Tests.Unit.Fuzz;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>Knowing a layout makes rows faster to read and nothing else: what a row becomes is what a parser makes of it that has read none
/// before.</summary>
public sealed class JsonLayoutTests
{
    private const string Known = """{"time":"2026-11-02T00:01:58Z","properties":{"CIp":"192.0.2.1","CsUriStem":"/updates.tsv","CsMethod":"GET","n":200,"UserAgent":"a"}}""";

    private const string KnownText = """{"time":"2026-11-02T00:01:58Z","properties":"{\"CIp\": \"192.0.2.1\",\"CsUriStem\":\"/updates.tsv\",\"CsMethod\":\"GET\",\"n\":200,\"UserAgent\":\"a\"}","x":"y"}""";

    private const string Signs = "\"\\,:{}[]0123456789.eE+-tfnu aA\u0001\u00e9\n";

    private static readonly JsonNames Names = new(
        anyCase: true, textToo: false, ("records", 0, null), ("time", 2, null),
            ("properties", 1, new JsonNames(anyCase: true, textToo: true, ("CIp", 3, null), ("UserAgent", 4, null), ("n", 5, null))));

    /// <summary>Rows as servers write them, and with every byte that means something in JSON in every place.</summary>
    [Theory]
    [InlineData("appservice-json")]
    [InlineData("frontdoor")]
    [InlineData("storage-read")]
    [InlineData(JsonRows.Ndjson)]
    public void What_was_read_before_changes_no_outcome(string name)
    {
        var choose = Chooser.For(6, name.Length);
        var rows = new JsonRows(new Random(6));
        byte[][] some = [.. Corpus.Json, .. Enumerable.Range(0, 20).Select(_ => Encoding.UTF8.GetBytes(rows.Next(name)))];
        var (known, into) = (Fresh(name), TestContracts.Lines());
        for (var i = 0; i < 10_000; i++)
        {
            var row = some[choose.Below(some.Length)].ToList();
            for (var edits = choose.Below(3); edits > 0 && row.Count > 0; edits--)
            {
                Edit(row, choose);
            }
            var text = row.ToArray();
            Assert.True(Outcome(Fresh(name), text, into) == Outcome(known, text, into), $"input {i}: {Encoding.Latin1.GetString(text)}");
        }
    }

    [Theory]
    [InlineData("\"n\":200", "\"n\":-1.5e3", true)]
    [InlineData("192.0.2.1", "192.0.2.\\u0031", true)]
    [InlineData("\"a\"", "\"\"", true)]
    [InlineData("\"a\"", "\"a\\\\\\\"\\u00e9\"", true)]
    [InlineData("\"n\":200", "\"n\":01", false)]
    [InlineData("\"n\":200", "\"n\":2x", false)]
    [InlineData("\"n\":200", "\"n\":\"200\"", false)]
    [InlineData("\"a\"", "\"a\\x\"", false)]
    [InlineData("\"a\"", "\"a\tb\"", false)]
    [InlineData("\"a\"", "null", false)]
    [InlineData("\"n\":200", "\"m\":200", false)]
    [InlineData("\"CIp\":", "\"CIp\" :", false)]
    [InlineData("}}", "}} ", false)]
    [InlineData("}}", "}", false)]
    public void A_row_with_other_texts_and_numbers_has_the_same_layout(string part, string other, bool same) =>
        Compare(Known, part, other, same);

    [Theory]
    [InlineData("192.0.2.1", "2001:db8::1", true)]
    [InlineData("\"y\"", "\"\\u0079\\\\\"", true)]
    [InlineData(":200", ":-0.5", true)]
    [InlineData("\\\"a\\\"", "\\\"\\\"", true)]
    [InlineData("\\\"a\\\"", "\\\"a\\\\\\\"b\\\"", false)]
    [InlineData("\\\"a\\\"", "\\\"\\/\\\"", false)]
    [InlineData("\\\"a\\\"", "null", false)]
    [InlineData("\\\"a\\\"", "\\\"a\"", false)]
    public void So_has_one_whose_properties_are_a_text(string part, string other, bool same) =>
        Compare(KnownText, part, other, same);

    [Theory]
    [InlineData("""{"time":"x","Time":"y","properties":{"cip":"1","CIP":"2","n":1,"N":2}}""")]
    [InlineData("""{"time":true,"properties":{"CIp":null,"UserAgent":[1,{"CIp":"z"}],"n":{"n":3}}}""")]
    [InlineData("""{"properties":{"CIp":"a"},"properties":{"CIp":"b","x":"c"}}""")]
    [InlineData("""{ "a" : "b" , "c\u0041" : [ ] , "time" : "d" }""")]
    public void Of_names_that_occur_more_than_once_the_same_one_counts(string row)
    {
        Assert.True(Reads(row, row, out var found));
        Assert.Equal(Members(row), found);
    }

    [Theory]
    [InlineData("""{"properties":"{\"CIp\":\"a\"}","Properties":"{\"CIp\":\"b\"}"}""")]
    [InlineData("""{"properties":"{\n\"CIp\":\"a\"}"}""")]
    [InlineData("""{"properties":"{\u0022CIp\":\"a\"}"}""")]
    [InlineData("""{"records":[{"time":"a"}]}""")]
    public void What_is_rare_has_no_layout(string row) => Assert.False(Reads(row, row, out _));

    [Fact]
    public void Rows_with_a_layout_each_are_learned_up_to_a_limit_and_then_forgotten()
    {
        var layouts = new JsonLayouts(Names, 6);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(Read(layouts, $$"""{"time":"a","m{{i}}":1}"""));
        }
        Assert.True(Layout(layouts, """{"time":"b","m3":2}"""));
        Assert.False(Layout(layouts, """{"time":"b","m999":2}"""));
        layouts.Begin();
        Assert.False(Layout(layouts, """{"time":"b","m3":2}"""));
        Assert.True(Read(layouts, $"{{{string.Join(',', Enumerable.Range(0, 64).Select(i => $"\"m{i}\":{i}"))}}}"));
        Assert.True(Layout(layouts, $"{{{string.Join(',', Enumerable.Range(0, 64).Select(i => $"\"m{i}\":0"))}}}"));
        var large = $"{{{string.Join(',', Enumerable.Range(0, 65).Select(i => $"\"m{i}\":{i}"))}}}";
        Assert.True(Read(layouts, large));
        Assert.False(Layout(layouts, large));
    }

    /// <summary>The known row, changed in one part, is read by its layout or is not; and where it is, as it is read without.</summary>
    private static void Compare(string known, string part, string other, bool same)
    {
        Assert.True(Reads(known, known, out _));
        var row = known.Replace(part, other, StringComparison.Ordinal);
        Assert.NotEqual(known, row);
        Assert.Equal(same, Reads(known, row, out var found));
        Assert.Equal(same ? Members(row) : "", found);
    }

    private static void Edit(List<byte> row, Chooser choose)
    {
        var at = choose.Below(row.Count);
        var sign = Signs[choose.Below(Signs.Length)];
        switch (choose.Below(4))
        {
            case 0:
                row.RemoveAt(at);
                break;
            case 1:
                row.Insert(at, (byte)sign);
                break;
            case 2:
                row.InsertRange(at, row.GetRange(at, Math.Min(choose.Below(40), row.Count - at)));
                break;
            default:
                row[at] = (byte)sign;
                break;
        }
    }

    private static JsonFormat Fresh(string name) => name switch
    {
        "appservice-json" => new AppServiceJsonFormat(),
        "frontdoor" => new FrontDoorFormat(),
        "storage-read" => new StorageReadFormat(),
        _ => new NdjsonFormat(name["ndjson:".Length..]),
    };

    private static string Outcome(JsonFormat format, byte[] text, ParsedLines into)
    {
        into.Clear();
        format.Parse(text, null, into);
        return string.Join('\n', [.. Parsed.Outcome(into), .. into.Duplicates.Select(pair => $"{pair}"), $"{into.BadIds} {into.LongIds}",
            string.Join(' ', into.Rules.ToArray())]);
    }

    /// <summary>Whether the layout of one row reads another, and what it finds in it.</summary>
    private static bool Reads(string known, string row, out string found)
    {
        var layouts = new JsonLayouts(Names, 6);
        Assert.True(Read(layouts, known));
        var (text, members, scratch) = (Encoding.UTF8.GetBytes(row), new JsonMember[6], new byte[1024]);
        var reads = layouts.TryRead(text, members, scratch);
        found = reads ? Members(new JsonRecord(Names, text, members, scratch)) : "";
        return reads;
    }

    private static bool Read(JsonLayouts layouts, string row) => new JsonRecord(Names, Encoding.UTF8.GetBytes(row), new JsonMember[6],
        new byte[4096]).TryRead(layouts);

    private static bool Layout(JsonLayouts layouts, string row) => layouts.TryRead(Encoding.UTF8.GetBytes(row), new JsonMember[6],
        new byte[4096]);

    private static string Members(string row)
    {
        var record = new JsonRecord(Names, Encoding.UTF8.GetBytes(row), new JsonMember[6], new byte[1024]);
        return record.TryRead() ? Members(record) : "";
    }

    private static string Members(scoped in JsonRecord record)
    {
        var all = "";
        for (var slot = 0; slot < 6; slot++)
        {
            all += $"{record.Kind(slot)} {(record.Kind(slot) is JsonKind.Text or JsonKind.Number ? Parsed.Text(record.Text(slot)) : "")}; ";
        }
        return all;
    }
}
