namespace Pipeline.Tests.Benchmarks;

/// <summary>The figures as Markdown, to be pasted into docs/benchmarks.md.</summary>
internal static class Report
{
    public static void Print(IReadOnlyList<Figure> figures)
    {
        Console.WriteLine(Machine.Describe());
        Console.WriteLine();
        Console.WriteLine(
            "| figure | median (least – most) | per CPU-second | × baseline | peak memory | bytes a row | allocated an item | target | " +
            "met |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---|");
        foreach (var f in figures)
        {
            var spread = f.Least == f.Most ? "" : $" ({Figure.Si(f.Least)} – {Figure.Si(f.Most)})";
            Console.WriteLine(
                $"| {f.Name} | {Figure.Si(f.Median)} {f.Unit}{spread} | {Rate(f.PerCpuSecond)} | {Plain(f.Ratio)} | " +
                $"{Megabytes(f.PeakBytes)} | {Plain(f.BytesPerRow)} | {Plain(f.AllocatedPerItem)} | {f.Target} | " +
                $"{(f.Met is { } met ? met ? "yes" : "**no**" : "")} |");
        }
        Console.WriteLine();
        Console.WriteLine(
            "Stages run on one thread unless they say otherwise, each in a process of its own whose peak memory holds the material too; " +
            "inputs are in the page cache. Not measured: a cold disk, a network, a log that does not compress.");
        var notes = figures.Where(f => f.Note.Length > 0).ToList();
        if (notes.Count > 0)
        {
            Console.WriteLine();
            foreach (var f in notes)
            {
                Console.WriteLine($"- {f.Name}: {f.Note}");
            }
        }
    }

    private static string Rate(double? value) => value is { } v ? Figure.Si(v) : "";

    private static string Plain(double? value) => value is { } v ? v.ToString("0.##") : "";

    private static string Megabytes(long? bytes) => bytes is { } b ? $"{b / 1e6:0} MB" : "";
}
