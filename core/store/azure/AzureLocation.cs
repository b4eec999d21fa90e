using System.Net;

namespace Pipeline.Core.Store.Azure;

/// <summary>
/// A container of a blob account, by its URL: https://ACCOUNT.blob.core.windows.net/CONTAINER, or for an emulator
/// http://127.0.0.1:PORT/ACCOUNT/CONTAINER.
/// Off loopback it is https, or refused (promise 4). It holds no secret: a URL with a query (a signature) or a user is refused.
/// </summary>
public sealed record AzureLocation
{
    private AzureLocation(Uri container, string account, string name) => (Container, Account, Name) = (container, account, name);

    public Uri Container { get; }

    public string Account { get; }

    /// <summary>The container's name.</summary>
    public string Name { get; }

    public bool IsTls => Container.Scheme == Uri.UriSchemeHttps;

    public override string ToString() => Container.AbsoluteUri;

    /// <summary>Whether a location is a URL, and not a path.</summary>
    public static bool IsUrl(string location) => location.Contains("://", StringComparison.Ordinal);

    /// <exception cref="PipelineException">4: plain http off loopback. 78: no URL of a container.</exception>
    public static AzureLocation Parse(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            // What is no URL is not shown: it may be a secret in the wrong place.
            throw Wrong("the text given is no http or https URL");
        }
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
        {
            throw Wrong($"the URL of {uri.GetLeftPart(UriPartial.Path).Replace(uri.UserInfo + "@", "", StringComparison.Ordinal)} has a " +
                $"user, query or fragment. A signature is a secret and belongs into no setting: use a managed identity, or a connection " +
                $"string");
        }
        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback)
        {
            throw new PolicyException(
                $"The store {uri} would be read and written in the clear: plain http is for an emulator on this machine. Use https.");
        }
        var parts = uri.AbsolutePath.Trim('/').Split('/');
        var path = IPAddress.TryParse(uri.Host.Trim('[', ']'), out _) || uri.IsLoopback;
        if (parts.Length != (path ? 2 : 1) || parts.Any(p => p.Length == 0))
        {
            throw Wrong($"{uri} names no container");
        }
        var (account, name) = path ? (parts[0], parts[1]) : (uri.Host.Split('.')[0], parts[0]);
        return IsContainer(name) ? new AzureLocation(new Uri(uri.GetLeftPart(UriPartial.Authority) + "/" + string.Join('/', parts)),
            account, name)
            : throw Wrong($"{uri} has the container '{name}', and a container's name is 3 to 63 of a-z, 0-9 and single '-' between them");
    }

    private static bool IsContainer(string name) => name.Length is >= 3 and <= 63
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && name[0] != '-' && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal);

    private static ConfigurationException Wrong(string found) =>
        new($"A store's URL: {found}; expected https://ACCOUNT.blob.core.windows.net/CONTAINER, or " +
        $"http://127.0.0.1:PORT/ACCOUNT/CONTAINER for an emulator.");
}
