namespace Pipeline.Ingest.Classification;

/// <summary>The paths, and parts of paths and queries, that the rules name. Words as <see cref="Term"/> has them.</summary>
internal static class KnownPaths
{
    public static readonly Term XenCenterFile = Term.Of(Grammar.XenCenterFile);
    public static readonly Term AgentList = Term.Of(Grammar.AgentList);

    public static readonly Term Updates = Term.OneOf(Grammar.XenCenterFile, Grammar.AgentList);

    public static readonly Term File2023 = Term.Of("/xcupdates.xml$");
    public static readonly Term File2022 = Term.Of("/chcupdates.xml$");
    public static readonly Term FileOfAll = Term.Of("/updates.xml$");

    public static readonly Term ListFirst = Term.Of("/updates.tsv$", "/updates.json$");
    public static readonly Term List2 = Term.Of("/updates.2.tsv$", "/updates.2.json$");
    public static readonly Term ListV2 = Term.Of("/updates.v2.tsv$", "/updates.v2.json$");
    public static readonly Term ListLatest = Term.Of("/updates.latest.tsv$", "/updates.latest.json$");

    /// <summary>Like an update file and none: where a generation that nobody knew would be seen first.</summary>
    public static readonly Term AlmostUpdates = Term.Of("updates.xml", "updates.tsv", "updates.json", "/updates.", "/updates/",
        "/updates$");

    public static readonly Term OldDirectory = Term.Of("/winguestagent/latest", "/winguestagent$", "/winguestagent/$");

    public static readonly Term XenCenterDownload = Term.Of(
        "/xencenter.msi$", "/xencenter-source.zip$", "/xencenter.exe$", "/xencentersetup.exe$", "/xencentersetup.msi$", "/chcenter.msi$",
            "/chcenter-source.zip$", "/citrixhypervisorcenter.msi$",
        "/citrixhypervisorcenter.exe$");

    public static readonly Term AgentDownload = Term.Of("/managementagent", "/citrixxendrivers", "/citrixguestagent", "/citrixvss",
        "/xenlegacy.exe$", "/installwizard.msi$");

    public static readonly Term OtherDownload = Term.Of(".msi$", ".exe$", ".iso$", ".zip$", ".xsupdate$", ".xsoem$", ".cab$");

    public static readonly Term Health = Term.Of("/health", "/healthz$", "/livez$", "/readyz$", "/ready$", "/ping$", "/status$",
        "/robots933456.txt$");

    public static readonly Term SiteFiles = Term.Of("^/$", "^$", "^-$", "/favicon.ico$", "/favicon.png$", "/robots.txt$", "/sitemap.xml$",
        "/ads.txt$", "/humans.txt$", "/security.txt$", "/apple-touch-icon", "/.well-known/");

    public static readonly Term Attack = Term.Of(
        // Out of the folder, in every spelling.
        "../", "..\\", "..%2f", "..%5c", "%2e%2e", "..;/", "/etc/passwd", "etc%2fpasswd", "/proc/self", "%00",
        // Files that were left lying about.
        "/.env", "/.git", "/.svn", "/.hg/", "/.aws", "/.ssh", "/.ht", "/.ds_store", "/.vscode", "/.docker", "/.npmrc", "/.bash",
            "/web.config", "/id_rsa", "/credentials", ".sql$", ".sqlite$", ".pem$", ".key$",
        // Programs that this site has not.
        ".php", ".asp", ".jsp", ".cgi", ".action$", ".do$", "/wp-", "/wordpress", "phpmyadmin", "/pma/", "/cgi-bin/", "/vendor/",
            "/boaform", "/hnap1", "/actuator", "/manager/", "/solr/", "/jenkins", "/druid/",
        "/owa/", "/ecp/", "/autodiscover/", "/_ignition", "/telescope", "/console/", "/setup.cgi", "/remote/login", "/global-protect",
            "/geoserver", "/struts", "/graphql", "/login", "/admin", "/hudson", "/sdk$",
        "/onvif/", "/gponform", "/evox/", "/nmaplowercheck", "/tmui/", "/vpn/", "/dana-na/", "/cgi/", "/api/jsonws", "/invoker/", "/axis2",
            "/zabbix", "/portal/redlion",
        // Scripts and commands.
        "${", "$(", "<script", "%3cscript", "<?", "%3c%3f", "{{", "() {", "/bin/sh", "/bin/bash", "cmd.exe", ";wget", ";curl", "`",
            "union select", "union%20select");

    /// <summary>Every word has a byte that ordinary queries have not: see <see cref="RuleFinder"/>.</summary>
    public static readonly Term AttackQuery = Term.Of(
        "../", "..\\", "..%2f", "..%5c", "%2e%2e", "/etc/passwd", "etc%2fpasswd", "%00", "${", "$%7b", "%24%7b", "$(", "<script",
            "%3cscript", "<?", "%3c%3f", "{{", "() {", "/bin/", "cmd.exe", ";wget", ";curl", ";--", "`",
        "union select", "union%20select", "' or ", "'%20or%20", "%27%20or", "php://", "=http://", "=https://", "call_user_func_array/",
            "think\\");
}
