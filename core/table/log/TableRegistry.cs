using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Core.Table.Log;

/// <summary>
/// What the table store remembers of a table outside the table's own folder: that it was made, and in which store. With it a table that is
/// gone is told from
/// one that was never made, and a `store.json` that was changed from the one that the table was made beside.
/// </summary>
/// <param name="Version">Of this format: 1.</param>
/// <param name="Table">The id in the table's metadata.</param>
/// <param name="Store">The capture store that fills it.</param>
/// <param name="StoreFile">The sha256 of `store.json` as it was beside the table; null where there was none.</param>
/// <param name="Check">See <see cref="DamageCheck"/>.</param>
public sealed record TableRegistration(int Version, string Dataset, string Table, string Store,
    [property: JsonPropertyName("kid")] string KeyId, Sha256? StoreFile, string Check);

/// <summary>`registry/tables/DATASET.json` in the table store, put once. It may be lost: the next start of a shipper puts it
/// again.</summary>
public static class TableRegistry
{
    private const int CurrentVersion = 1;

    public static string Name(string dataset) => $"registry/tables/{dataset}.json";

    /// <summary>Null where the table was never made, or its registration is lost.</summary>
    /// <exception cref="CorruptException">It is damaged.</exception>
    public static async Task<TableRegistration?> FindAsync(IObjectStore store, string dataset, CancellationToken cancel) =>
        await store.ReadAsync(Name(dataset), cancel) is { } bytes ? Decode(bytes, dataset) : null;

    internal static async Task PutAsync(TableLog log, TableState state, CancellationToken cancel)
    {
        var dataset = log.Contract.Dataset;
        if (await log.Store.FindAsync(Name(dataset), cancel) is null)
        {
            var file = await StoreIdentity.FileHashAsync(log.Store, cancel);
            var registration = new TableRegistration(CurrentVersion, dataset, state.Metadata.Id, log.CaptureStore, log.KeyId, file,
                DamageCheck.Blank);
            await Puts.UntilKnownAsync(log.Store, Name(dataset), Encode(registration), log.Time, null, cancel);
        }
    }

    internal static DifferenceException Gone(string where, string dataset) =>
        new($"{where}: the table is gone, and '{Name(dataset)}' says that it was made. "
        + "Restore it from a copy; to have it made anew from the captures, see docs/runbooks/disaster.md.");

    private static byte[] Encode(TableRegistration registration) => DamageCheck.FillJson(
        JsonSerializer.SerializeToUtf8Bytes(registration, RegistryJson.Default.TableRegistration));

    private static TableRegistration Decode(byte[] bytes, string dataset)
    {
        try
        {
            if (DamageCheck.HoldsJson(bytes) == true && JsonSerializer.Deserialize(bytes,
                RegistryJson.Default.TableRegistration) is { } found && found.Dataset == dataset)
            {
                return found;
            }
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            // A later version may have other members, and carries a version all the same.
        }
        if (LaterVersion.Of(bytes, CurrentVersion) is { } later)
        {
            throw LaterVersion.Stop(Name(dataset), $"it is of version {later}", CurrentVersion);
        }
        throw new CorruptException(Name(dataset), "it is not as it was written",
            $"'{Name(dataset)}' is damaged. Remove it: the next start of a shipper writes it again.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = false,
    RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(TableRegistration))]
internal sealed partial class RegistryJson : JsonSerializerContext;
