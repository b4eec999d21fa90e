using Pipeline.Core;

namespace Pipeline.Cli.Settings;

/// <summary>Which stores a role opens.</summary>
public enum Needs
{
    /// <summary>Both; a configuration without a table store is an error.</summary>
    Both,
    /// <summary>The capture store. A table store in Azure is left alone, because who only makes captures has no role there; one in a
    /// directory is opened beside.</summary>
    Captures,
}

/// <summary>Where an installation's stores and its key are. A process that only makes captures has no table store to know of.</summary>
public sealed record InstallationPlaces(StorePlace Us, StorePlace? Uk, string Keys)
{
    /// <summary>`--dir DIR`: DIR/us, DIR/uk and DIR/keys.</summary>
    public static InstallationPlaces Embedded(string dir) => new(new StorePlace(Path.Combine(dir, "us")),
        new StorePlace(Path.Combine(dir, "uk")), Path.Combine(dir, "keys"));

    /// <exception cref="PipelineException">78: the table store is needed and not configured.</exception>
    internal InstallationPlaces For(Needs needs) => needs == Needs.Captures ? (Uk is { IsUrl: true } ? this with { Uk = null } : this)
        : Uk is null ? throw NoTable() : this;

    internal static ConfigurationException NoTable() =>
        new("This needs the table store, and none is configured for this process. Set stores.uk.path or stores.uk.url.");
}
