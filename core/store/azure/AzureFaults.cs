using System.Net;
using Azure;
using Azure.Identity;

namespace Pipeline.Core.Store.Azure;

/// <summary>
/// What a failed request means. Only what the service itself says counts as its word: an answer without its error code came from something
/// between, and is an outage.
/// Whoever was let in before and is not now has credentials that expire, roles that are being changed or a clock that stepped: that is
/// waited out like an outage, so that nothing
/// stops for it; at the first request it is refused.
/// </summary>
internal static class AzureFaults
{
    private const int NotAuthorized = (int)HttpStatusCode.Unauthorized, Forbidden = (int)HttpStatusCode.Forbidden,
        NotFound = (int)HttpStatusCode.NotFound;

    // Asking again does not help; 409 and 400 of every other code are told as an outage, which is tried again.
    private static readonly HashSet<string> Hopeless = new(StringComparer.Ordinal)
    {
        "ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled", "ResourceNotFound", "AccountNotFound", "BlobArchived",
            "BlobBeingRehydrated", "BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold",
        "InvalidBlobType", "InvalidResourceName", "RequestBodyTooLarge", "InvalidHeaderValue", "UnsupportedHeader", "FeatureNotSupported",
            "AccountRequiresHttps", "HttpsRequired",
    };

    /// <summary>The blob is not there, by the service's own word.</summary>
    public static bool IsAbsent(RequestFailedException e) => e is { Status: NotFound, ErrorCode: "BlobNotFound" };

    /// <summary>The name may be taken: what it holds decides.</summary>
    public static bool MayBeTaken(RequestFailedException e) => e.Status is (int)HttpStatusCode.Conflict
        or (int)HttpStatusCode.PreconditionFailed && !IsHopeless(e);

    /// <summary>The request was turned away unread; it is no use to ask what became of it.</summary>
    public static bool IsBusy(RequestFailedException e) => e.Status is (int)HttpStatusCode.TooManyRequests
        or (int)HttpStatusCode.ServiceUnavailable;

    /// <summary>Whether the exception is one of a request, and not a fault of this program.</summary>
    public static bool IsOfRequest(Exception e) => e is RequestFailedException or IOException or HttpRequestException
        or OperationCanceledException or TimeoutException or AuthenticationFailedException
        || e is AggregateException { InnerExceptions: { Count: > 0 } all } && all.All(IsOfRequest);

    /// <param name="what">What could not be done: `read 'NAME'`.</param>
    public static StoreException Of(Exception error, string what, string location, bool letIn)
    {
        var last = error is AggregateException { InnerExceptions: [.., var e] } ? e : error;
        var (fault, found, advice) = last switch
        {
            RequestFailedException { Status: > 0 } answer => OfAnswer(answer, letIn),
            AuthenticationFailedException and not CredentialUnavailableException when Refusal(last) && !letIn =>
                (StoreFault.Refused, "the identity was refused a token", "Check the identity that this process runs as."),
            AuthenticationFailedException => (StoreFault.Outage, "no token could be had for the identity of this process",
                "Check that it has a managed identity and reaches the identity service; it is tried again."),
            OperationCanceledException or TimeoutException => (StoreFault.Outage, "no answer within the time that a request may take",
                "Check the network; it is tried again."),
            _ => (StoreFault.Outage, $"the connection failed ({Deepest(last).GetType().Name})",
                "Check the account's name and the network; it is tried again."),
        };
        return new StoreException(fault, $"Cannot {what} in the store {location}: {found}. {advice}", error);
    }

    private static (StoreFault Fault, string Found, string Advice) OfAnswer(RequestFailedException answer, bool letIn)
    {
        var found = $"it answered {answer.Status}{(answer.ErrorCode is { Length: > 0 } code ? " " + code : "")}";
        return answer.Status switch
        {
            507 => (StoreFault.Full, found, "Make room; nothing acknowledged is lost."),
            _ when string.IsNullOrEmpty(answer.ErrorCode) => (StoreFault.Outage, found
                + " without an error code of the service", "Check what lies between (a proxy, a gateway); it is tried again."),
            NotAuthorized or Forbidden when letIn => (StoreFault.Outage, found
                + ", and let this process in before",
                "Check the identity's roles, whether the key was changed, the account's network rules and this machine's clock; it is " +
                "tried again, and nothing acknowledged is lost."),
            NotAuthorized or Forbidden => (StoreFault.Refused, found,
                "Check the identity's roles on the container, the account's network rules and this machine's clock."),
            _ when IsHopeless(answer) => (StoreFault.Refused, found, answer.ErrorCode == "ContainerNotFound"
                ? "Check its name, or make it with `pipeline store init`."
                : "Check the account and the container; trying again does not help."),
            _ => (StoreFault.Outage, found, "It is tried again."),
        };
    }

    private static bool IsHopeless(RequestFailedException answer) => answer.ErrorCode is { } code && Hopeless.Contains(code);

    private static bool Refusal(Exception e) => Deepest(e) is RequestFailedException { Status: 400 or NotAuthorized or Forbidden }
        or not (RequestFailedException or IOException or HttpRequestException or OperationCanceledException
        or System.Net.Sockets.SocketException);

    private static Exception Deepest(Exception e) => e.InnerException is { } inner ? Deepest(inner) : e;
}
