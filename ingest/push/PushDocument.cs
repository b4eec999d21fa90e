namespace Pipeline.Ingest.Push;

/// <summary>The OpenAPI document of the endpoint, docs/openapi.yaml, as it was when the program was built.</summary>
internal static class PushDocument
{
    /// <summary>RFC 9512.</summary>
    public const string Type = "application/yaml";

    private static readonly Lazy<byte[]> Read = new(() =>
    {
        using var resource = typeof(PushDocument).Assembly.GetManifestResourceStream("openapi.yaml")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    });

    public static ReadOnlyMemory<byte> Bytes => Read.Value;
}
