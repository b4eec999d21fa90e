namespace Pipeline.Tests.Unit.House;

/// <summary>A namespace is a room: it is its folder, and rooms depend on each other in one direction only.</summary>
public sealed class RoomTests
{
    /// <summary>Rooms that still form a circle. May only shrink.</summary>
    private static readonly string[] Open =
    [
        "Pipeline.Ingest.Classification", "Pipeline.Ingest.Formats", "Pipeline.Ingest.Formats.Json",
        "Pipeline.Ingest.Formats.Text", "Pipeline.Ingest.Formats.W3c", "Pipeline.Ingest.Shard",
    ];

    /// <summary>Files whose namespace is not their folder yet. May only shrink.</summary>
    private static readonly string[] OutOfPlace = ["worlds/"];

    [Fact]
    public void A_namespace_is_its_folder() => Assert.Empty(ProductFile.All
        .Where(file => file.Room is { } room && !room.Equals(file.RoomOfFolder, StringComparison.OrdinalIgnoreCase))
        .Where(file => !OutOfPlace.Any(start => file.Name.StartsWith(start, StringComparison.Ordinal)))
        .Select(file => $"{file.Name} is of {file.Room}"));

    [Fact]
    public void Rooms_form_no_circles()
    {
        var uses = Uses(ProductFile.All);
        Assert.True(uses.Count > 30, "The rooms were not found.");
        Assert.Empty(Circles(uses).Except(Open));
    }

    [Fact]
    public void A_circle_is_found() => Assert.Equal(["a", "b", "c"], Circles(new Dictionary<string, HashSet<string>>
    {
        ["a"] = ["b"], ["b"] = ["c"], ["c"] = ["a"], ["d"] = ["a", "e"], ["e"] = [],
    }).Order());

    /// <summary>By room, the rooms that its files use: by a `using`, or as an outer namespace whose types they mention.</summary>
    private static Dictionary<string, HashSet<string>> Uses(IReadOnlyList<ProductFile> files)
    {
        var types = files.Where(file => file.Room is not null).GroupBy(file => file.Room!)
            .ToDictionary(room => room.Key, room => room.SelectMany(file => file.Types).ToHashSet());
        var uses = types.Keys.ToDictionary(room => room, _ => new HashSet<string>());
        foreach (var file in files.Where(file => file.Room is not null))
        {
            var used = file.Usings.Select(name => types.ContainsKey(name) ? name : Outer(name)).Where(types.ContainsKey)
                .Concat(Outers(file.Room!).Where(outer => types.TryGetValue(outer, out var its) && file.Mentions(its)));
            uses[file.Room!].UnionWith(used.Where(room => room != file.Room));
        }
        return uses;
    }

    /// <summary>The rooms from which a way leads back to them.</summary>
    private static IEnumerable<string> Circles(Dictionary<string, HashSet<string>> uses) => uses.Keys.Where(start =>
    {
        var seen = new HashSet<string>();
        var next = new Stack<string>(uses[start]);
        while (next.TryPop(out var room))
        {
            if (seen.Add(room))
            {
                foreach (var used in uses[room])
                {
                    next.Push(used);
                }
            }
        }
        return seen.Contains(start);
    });

    private static IEnumerable<string> Outers(string room)
    {
        for (var outer = Outer(room); outer.Length > 0; outer = Outer(outer))
        {
            yield return outer;
        }
    }

    private static string Outer(string room) => room[..Math.Max(0, room.LastIndexOf('.'))];
}
