namespace Pipeline.Ingest.Push;

/// <summary>
/// Why a request was not answered with 200: a status, and a code for programs that never changes its meaning. There are these and no
/// others; docs/openapi.yaml has the same table, and a test compares them.
/// </summary>
internal sealed record PushCode
{
    private static readonly List<PushCode> Known = [];

    public static readonly PushCode BadRequest = new(400, "bad-request");
    public static readonly PushCode NoLength = new(400, "no-length");
    public static readonly PushCode BadSource = new(400, "bad-source");
    public static readonly PushCode BadKey = new(400, "bad-key");
    public static readonly PushCode BadGzip = new(400, "bad-gzip");
    public static readonly PushCode BadZstd = new(400, "bad-zstd");
    public static readonly PushCode ZstdWindow = new(400, "zstd-window");
    public static readonly PushCode NoFields = new(400, "no-fields");
    public static readonly PushCode NoLines = new(400, "no-lines");
    public static readonly PushCode NoToken = new(401, "no-token");
    public static readonly PushCode BadToken = new(401, "bad-token");
    public static readonly PushCode BadCertificate = new(401, "bad-certificate");
    public static readonly PushCode Browser = new(403, "browser");
    public static readonly PushCode OtherToken = new(403, "other-token");
    public static readonly PushCode OtherCertificate = new(403, "other-certificate");
    public static readonly PushCode NoSuchPath = new(404, "no-such-path");
    public static readonly PushCode UnknownSource = new(404, "unknown-source");
    public static readonly PushCode NotPost = new(405, "not-post");
    public static readonly PushCode NotGet = new(405, "not-get");
    public static readonly PushCode TooSlow = new(408, "too-slow");
    public static readonly PushCode Gap = new(409, "gap");
    public static readonly PushCode TooLarge = new(413, "too-large");
    public static readonly PushCode TooManyLines = new(413, "too-many-lines");
    public static readonly PushCode TooManyParts = new(413, "too-many-parts");
    public static readonly PushCode ContentType = new(415, "content-type");
    public static readonly PushCode ContentEncoding = new(415, "content-encoding");
    public static readonly PushCode OtherInstance = new(421, "other-instance");
    public static readonly PushCode Fenced = new(421, "fenced");
    public static readonly PushCode OtherBody = new(422, "other-body");
    public static readonly PushCode NoKey = new(428, "no-key");
    public static readonly PushCode TooManyStreams = new(429, "too-many-streams");
    public static readonly PushCode Failed = new(500, "failed");
    public static readonly PushCode Starting = new(503, "starting");
    public static readonly PushCode Stopping = new(503, "stopping");
    public static readonly PushCode Busy = new(503, "busy");
    public static readonly PushCode Outage = new(503, "outage");
    public static readonly PushCode ShardStopped = new(503, "shard-stopped");
    /// <summary>What /readyz says of a shard that a newer process has.</summary>
    public static readonly PushCode FencedNotReady = new(503, "fenced");

    private PushCode(int status, string name)
    {
        (Status, Name) = (status, name);
        Known.Add(this);
    }

    public static IReadOnlyList<PushCode> All => Known;

    public int Status { get; }

    public string Name { get; }

    /// <summary>Whether somebody who may not push tried to.</summary>
    public bool IsLogin => Status is 401 or 403;
}
