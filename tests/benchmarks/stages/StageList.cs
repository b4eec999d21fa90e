namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>Every stage that is measured alone, in the order of a line's way.</summary>
internal static class StageList
{
    private static readonly (string Name, Func<IEnumerable<Figure>> Measure)[] All =
    [
        ("line-blocks", FileStages.Read),
        ("parse-combined", () => ParseStages.Parse("combined")),
        ("parse-common", () => ParseStages.Parse("common")),
        ("parse-nginx", () => ParseStages.Parse(Blocks.Nginx)),
        ("parse-nginx-proxied", () => ParseStages.Parse(Blocks.Nginx, Blocks.Proxied)),
        ("parse-foreign", ParseStages.Foreign),
        ("parse-iis-w3c", () => ParseStages.Parse("iis-w3c")),
        ("parse-appservice-json", () => ParseStages.Parse("appservice-json")),
        ("parse-frontdoor", () => ParseStages.Parse("frontdoor")),
        ("parse-storage-read", () => ParseStages.Parse("storage-read")),
        ("parse-ndjson", () => ParseStages.Parse(JsonMaterial.Ndjson)),
        ("row-hash", FrameStages.Hash),
        ("frame-encode", FrameStages.Encode),
        ("frame-decode", FrameStages.Decode),
        ("block", ParseStages.Block),
        ("store-put", FileStages.Put),
        ("segment-write", SegmentStages.Write),
        ("segment-read", SegmentStages.Read),
        ("verify-deep", VerifyStage.Deep),
        ("compact", CompactStage.Compact),
    ];

    public static IEnumerable<string> Names => All.Select(stage => stage.Name);

    public static Func<IEnumerable<Figure>>? Find(string name) => All.FirstOrDefault(stage => stage.Name == name).Measure;
}
