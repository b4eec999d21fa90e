namespace Pipeline.Worlds;

/// <summary>What a simulated world is like. The same options give the same bytes.</summary>
public sealed record WorldOptions
{
    /// <summary>Everything random in the world comes from here.</summary>
    public int Seed { get; init; }

    /// <summary>Length in UTC days, 1 or more.</summary>
    public int Days { get; init; } = 7;

    /// <summary>XenCenter installs that exist, those that never check among them.</summary>
    public int Installs { get; init; } = 2000;

    /// <summary>The first UTC day. The default is a Monday, so that seven days are one ISO week.</summary>
    public DateOnly Start { get; init; } = new(2026, 11, 2);

    /// <summary>Share of lines that are damaged or no lines of their format, 0 to 0.5.</summary>
    public double BadLineRate { get; init; } = 0.001;

    /// <summary>Virtual machines with a Management Agent for each install.</summary>
    public double VmsPerInstall { get; init; } = 4.5;

    /// <summary>Share of the identifying pools whose agents send the whole UUID and not four characters of it.</summary>
    public double FullUuidShare { get; init; } = 0.05;

    /// <summary>Share of sites that reach the endpoints by IPv6.</summary>
    public double Ipv6Share { get; init; } = 0.12;

    /// <summary>App Service writes a file an hour, as the platform does, instead of one a day.</summary>
    public bool HourlyFiles { get; init; }
}
