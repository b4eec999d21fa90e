using System.Text;

namespace Pipeline.Worlds;

/// <summary>What a big log holds.</summary>
/// <param name="Bytes">Its size.</param>
public sealed record CombinedLogTruth(Counts Counts, long Bytes);

/// <summary>
/// Writes big `combined` logs fast, for benchmarks: about 120 B a line, 60 % XenCenter, 36 % agents, 4 % others and bad; 50,000 addresses,
/// some
/// of which come far more often than others; times that increase evenly. Lines are put together from parts rendered beforehand.
/// </summary>
public static class CombinedLog
{
    private const int BufferBytes = 1 << 20, LongestLine = 512, Clients = 50_000, Variants = 256, ClientSlot = 64, TailSlot = 128;

    public static CombinedLogTruth Write(string path, long lines, int seed, int days = 7, DateOnly? start = null)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        return Write(file, lines, seed, days, start);
    }

    public static CombinedLogTruth Write(Stream to, long lines, int seed, int days = 7, DateOnly? start = null)
    {
        var random = Chance.For(seed, "combined");
        var (clients, clientLengths) = Slots(ClientParts(random), ClientSlot);
        var tails = Tails(random);
        var (tailBytes, _) = Slots([.. tails.Select(tail => tail.Bytes)], TailSlot);
        var byTail = new long[tails.Length];
        var byOutcome = new long[Enum.GetValues<Outcome>().Length];
        var clock = new SecondText(Calendar.Micros(start ?? new DateOnly(2026, 11, 2)) / Calendar.Second);
        var secondsPerLine = days * 86_400.0 / Math.Max(lines, 1);
        var buffer = new byte[BufferBytes];
        var (used, bytes, state) = (0, 0L, (ulong)random.NextInt64());
        for (var line = 0L; line < lines; line++)
        {
            if (used > BufferBytes - LongestLine)
            {
                to.Write(buffer, 0, used);
                (bytes, used) = (bytes + used, 0);
            }
            // splitmix64: one draw a line, whose bits choose client, tail and id.
            var draw = state += 0x9E3779B97F4A7C15;
            draw = (draw ^ draw >> 30) * 0xBF58476D1CE4E5B9;
            draw = (draw ^ draw >> 27) * 0x94D049BB133111EB;
            draw ^= draw >> 31;
            if ((draw & 0x3FFF) < 2)
            {
                // One in 8,000: nothing at all.
                buffer[used++] = (byte)'\n';
                byOutcome[(int)Outcome.Empty]++;
                continue;
            }
            // Whole slots are copied, and what is too much is written over: a copy of a fixed length is the fastest.
            var client = Skewed(draw);
            clients.AsSpan(client * ClientSlot, ClientSlot).CopyTo(buffer.AsSpan(used));
            used += clientLengths[client];
            clock.CopyTo((long)(line * secondsPerLine), buffer.AsSpan(used));
            used += SecondText.Length;
            var at = (int)(draw >> 14 & (Variants - 1));
            var tail = tails[at];
            tailBytes.AsSpan(at * TailSlot, TailSlot).CopyTo(buffer.AsSpan(used));
            if (tail.IdAt > 0)
            {
                for (var digit = 0; digit < 4; digit++)
                {
                    buffer[used + tail.IdAt + digit] = "0123456789abcdef"u8[(int)(draw >> (44 + 4 * digit) & 15)];
                }
            }
            used += tail.Bytes.Length;
            byTail[at]++;
        }
        to.Write(buffer, 0, used);
        for (var i = 0; i < tails.Length; i++)
        {
            byOutcome[(int)tails[i].Outcome] += byTail[i];
        }
        return new CombinedLogTruth(Counts.Of(byOutcome), bytes + used);
    }

    /// <summary>The square of an even draw: the first per cent of clients makes a tenth of the requests.</summary>
    private static int Skewed(ulong draw)
    {
        var even = draw >> 22 & 0x3FFFFF;
        return (int)((even * even >> 22) * Clients >> 22);
    }

    private static (byte[] Slots, int[] Lengths) Slots(byte[][] parts, int slot)
    {
        var slots = new byte[parts.Length * slot];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i].CopyTo(slots.AsSpan(i * slot, slot));
        }
        return (slots, [.. parts.Select(part => part.Length)]);
    }

    private static byte[][] ClientParts(Random random)
    {
        var book = new AddressBook(random);
        return [.. Enumerable.Range(0, Clients)
            .Select(i => Encoding.ASCII.GetBytes((i % 12 == 0 ? book.V6(book.V6Network()) : book.V4()).Text + " - - ["))];
    }

    /// <param name="IdAt">Where four hex digits stand in for an id, or 0.</param>
    private sealed record Tail(byte[] Bytes, int IdAt, Outcome Outcome);

    /// <summary>What follows the time, in the shares of the mix: of 256, 154 XenCenter, 92 agents, 10 others and bad.</summary>
    private static Tail[] Tails(Random random) => [.. Enumerable.Range(0, Variants).Select(i => i switch
    {
        < 154 => XenCenter(random),
        < 246 => Agent(random, withId: i % 10 < 6),
        246 => Of("GET /.env HTTP/1.1\" 404 153 \"-\" \"zgrab/0.x\"", Outcome.OtherPath),
        247 => Of("GET /xc/XenCenter.msi HTTP/1.1\" 200 89123456 \"-\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\"", Outcome.OtherPath),
        248 => Of("HEAD /xc/XCUpdates.xml HTTP/1.1\" 200 0 \"-\" \"UptimeRobot/2.0\"", Outcome.NotGet),
        249 or 250 => Of("GET /XenServer/updates.xml HTTP/1.0\" 200 65731 \"-\" \"-\"", Outcome.NoAgentString),
        251 or 252 or 253 => Of("GET /xenserver/updates.xml HTTP/1.1\" 200 65731 \"-\" \"node\"", Outcome.OtherClient),
        254 => Of("GET /xc/XCUpdates.xml HTTP/1.1\" 200 7268 \"-\" \"XenCenter/8.2 (64-bit)\"", Outcome.BadVersion),
        _ => Of("GET /xc/XCUpda", Outcome.Malformed),
    })];

    private static Tail XenCenter(Random random)
    {
        var release = Release.All[random.Next(Release.All.Length - 1)];
        return Of($"GET {release.Path} HTTP/1.1\" 200 {random.Next(1000, 99999)} \"-\" \"XenCenter/{release.Version} " +
            $"({(random.Happens(0.95) ? 64 : 32)}-bit)\"", Outcome.XenCenter);
    }

    private static Tail Agent(Random random, bool withId)
    {
        var path = random.Pick("/updates.2.tsv", "/updates.2.tsv", "/updates.tsv", "/updates.9.3.2.110.json");
        return Of($"GET {path}{(withId ? "?id=0000" : "")} HTTP/1.1\" 200 {random.Next(1000, 99999)} \"-\" \"{Agents.Name}\"",
            Outcome.Agent) with
        {
            IdAt = withId ? "GET ".Length + path.Length + "?id=".Length : 0,
        };
    }

    private static Tail Of(string text, Outcome outcome) => new(Encoding.ASCII.GetBytes(text + "\n"), 0, outcome);
}
