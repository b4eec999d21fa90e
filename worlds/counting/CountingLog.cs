using System.Net;
using System.Text.Json;

namespace Pipeline.Worlds.Counting;

/// <summary>Writes a world as a web server would have: a file of `combined` lines a day, and the truth in a file of its own.</summary>
public static class CountingLog
{
    /// <summary>The name of the file with the truth.</summary>
    public const string TruthName = "truth.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = false, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Runs the world into a folder, which is made. Returns the number of lines.</summary>
    public static long Write(WorldRecipe recipe, int seed, string directory)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var world = new CountingWorld(recipe, seed);
        var format = new CombinedFormat(TimeSpan.Zero);
        var buffer = new LineBuffer();
        Directory.CreateDirectory(directory);
        var lines = 0L;
        foreach (var (day, checks) in world.Days().Index())
        {
            buffer.Length = 0;
            foreach (var check in checks.Span)
            {
                format.Write(Line(check, world.Versions[check.Version]), buffer);
                buffer.Put(format.NewLine);
            }
            lines += checks.Length;
            var name = $"access.log.{Calendar.Date(Calendar.Micros(recipe.Start) + day * Calendar.Day)}";
            using var file = new FileStream(Path.Combine(directory, name), FileMode.Create);
            file.Write(buffer.Written);
        }
        File.WriteAllText(Path.Combine(directory, TruthName), JsonSerializer.Serialize(
            new { recipe, seed, versions = world.Versions, days = world.Truth.Windows(1), weeks = world.Truth.Windows(7),
                days28 = world.Truth.Windows(28), world.Truth.Requests, world.Truth.Lost }, Json));
        return lines;
    }

    private static Request Line(SimulatedCheck check, string version)
    {
        var text = Text(check.Address);
        var path = check.Kind == CheckKind.SecondUrl ? Release.Servers : Release.Modern;
        return new(check.Micros, new(text, Text(check.Key)), "GET", path, "", $"XenCenter/{version} (64-bit)", 200, Outcome.XenCenter,
            version, check.Install);
    }

    private static string Text(UInt128 address)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        return new IPAddress(address >> 32 == 0 ? bytes[12..] : bytes).ToString();
    }
}
