namespace Pipeline.Ingest.Classification;

/// <summary>The agent strings that the rules name. Words as <see cref="Term"/> has them; a name stands at the beginning of an agent
/// string.</summary>
internal static class KnownClients
{
    public static readonly Term Nameless = Term.Of(Grammar.Nameless);
    public static readonly Term XenCenter = Term.Of(Grammar.XenCenter);
    public static readonly Term Unbranded = Term.Of(Grammar.Unbranded);
    public static readonly Term XenCenterName = Term.Of(Grammar.XenCenterName);

    public static readonly Term XcpNgCenter = Term.Of("^xcp-ng center/", "^xcp-ng center ");
    public static readonly Term CitrixHypervisorCenter = Term.Of("^citrix hypervisor center/");
    public static readonly Term Orchestra = Term.Of("^node$", "^http-request-plus", "^xo-server", "^xen-orchestra");
    public static readonly Term ManagementAgent = Term.Of("^citrix xenserver autoupdate", "^xenserver vm tools autoupdate");

    /// <summary>PowerShell of Windows calls itself Mozilla.</summary>
    public static readonly Term Script = Term.Of(Grammar.PowerShell,
        "^curl/", "^wget", "^python-requests/", "^python-urllib/", "^python/", "^python-httpx/", "^aiohttp/", "^go-http-client/", "^java/",
            "^apache-httpclient/", "^jakarta commons-httpclient", "^okhttp/", "^choco", "^ansible",
        "^powershell", "^mozilla/5.0 (windows nt; windows nt ", "^microsoft bits/", "^winhttp", "^libwww-perl/", "^lwp", "^ruby", "^php/",
            "^guzzlehttp/", "^axios/", "^node-fetch", "^undici", "^got (", "^reqwest/", "^ureq/", "^aria2/",
        "^httpie/", "^postmanruntime/", "^restsharp/", "^libcurl", "^urlgrabber/", "^salt/", "^puppet/", "^system.net.webclient");

    public static readonly Term Monitor = Term.Of(
        "^alwayson", "^pingdom", "^uptimerobot", "^mozilla/5.0 (compatible; uptimerobot/", "^mozilla/5.0+(compatible; uptimerobot/",
            "^statuscake", "^site24x7", "^zabbix", "^nagios", "^check_http", "^elb-healthchecker/", "^googlehc/", "^kube-probe/",
        "^prometheus", "^blackbox", "^edge health probe", "^healthcheck", "^datadog", "^better uptime", "^better stack", "^hetrixtools",
            "^load balancer agent", "^freshping", "^updown.io", "^newrelic", "^checkly", "^dynatrace", "^monit/");

    public static readonly Term Scanner = Term.Of(
        "^zgrab/", "^mozilla/5.0 zgrab/", "^masscan", "^nmap", "^mozilla/5.0 (compatible; nmap ", "^sqlmap/", "^nikto",
            "^mozilla/5.00 (nikto", "^nuclei", "^gobuster/", "^wpscan", "^dirbuster", "^feroxbuster/", "^fuzz faster", "^l9explore/",
            "^l9tcpid/",
        "^mozilla/5.0 (compatible; censysinspect/", "^censysinspect/", "^expanse", "^hello, world", "^hello world", "^shodan",
            "^netsystemsresearch", "^internet-measurement", "^mozilla/5.0 (compatible; internetmeasurement/",
        "^mozilla/5.0 (compatible; inetdex", "^paloalto", "^acunetix", "^openvas", "^wfuzz/");

    public static readonly Term Crawler = Term.Of(
        "^mozilla/5.0 (compatible; ", "^googlebot", "^bingbot", "^duckduckbot", "^baiduspider", "^yandex", "^facebookexternalhit",
            "^twitterbot", "^slackbot", "^ia_archiver", "^ccbot/", "^gptbot", "^claudebot", "^semrushbot", "^ahrefsbot", "^dotbot",
        "^scrapy/", "^linkedinbot", "^applebot", "^amazonbot", "^sogou");

    public static readonly Term Browser = Term.Of("^mozilla/", "^opera/");

    /// <summary>Every word has a byte that ordinary agent strings have not: see <see cref="RuleFinder"/>.</summary>
    public static readonly Term Attack = Term.Of("${", "$(", "() {", "<script", "<?", "{{", "' or ", "'--", "%00", "`", "\\x22;", "'\"");
}
