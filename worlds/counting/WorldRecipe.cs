namespace Pipeline.Worlds.Counting;

/// <summary>What a world for counting is like. The same recipe and seed give the same requests.</summary>
public sealed record WorldRecipe
{
    /// <summary>A short name, such as S1.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence: the difficulty that this world has.</summary>
    public required string Note { get; init; }

    /// <summary>Installs that exist at one time.</summary>
    public int Instances { get; init; } = 8000;

    public int Weeks { get; init; } = 26;

    /// <summary>A Monday.</summary>
    public DateOnly Start { get; init; } = new(2026, 6, 1);

    /// <summary>Share of installs that are at home.</summary>
    public double HomeShare { get; init; } = 0.5;

    /// <summary>Share of homes with two installs.</summary>
    public double TwoAtHome { get; init; } = 0.06;

    /// <summary>Share of homes whose address changes every 24 hours.</summary>
    public double Daily { get; init; } = 0.05;

    /// <summary>Share of homes whose address changes every two weeks or so.</summary>
    public double Fortnightly { get; init; } = 0.15;

    /// <summary>Share of homes with IPv6, whose hosts take another privacy address every day.</summary>
    public double Ipv6 { get; init; } = 0.1;

    /// <summary>The most installs in one office.</summary>
    public int LargestOffice { get; init; } = 8;

    /// <summary>An office has k or more installs with chance k^-tail.</summary>
    public double OfficeTail { get; init; } = 2.2;

    /// <summary>Share of offices of five and more whose requests leave by one of two to four addresses.</summary>
    public double Pools { get; init; } = 0.05;

    /// <summary>How often those at home open XenCenter, as a multiple.</summary>
    public double HomeActivity { get; init; } = 1;

    /// <summary>Share of offices that upgrade together, on one day.</summary>
    public double Together { get; init; } = 0.4;

    /// <summary>Share of office installs that are laptops, used at home on some days.</summary>
    public double Roaming { get; init; }

    /// <summary>Share of days on which a laptop is at home.</summary>
    public double HomeDays { get; init; } = 0.2;

    /// <summary>Scripts that ask at a fixed interval.</summary>
    public int Pollers { get; init; } = 5;

    /// <summary>Addresses that providers hand out again and again to homes whose address changes; 0: an address never comes
    /// back.</summary>
    public int ReusedAddresses { get; init; }

    /// <summary>Share of office installs on desktops that are reset every night and opened several times a day.</summary>
    public double Farm { get; init; }

    /// <summary>First day, counted from 0, of two weeks in which most people are away; null: none.</summary>
    public int? AwayFrom { get; init; }

    /// <summary>Hours without a log, from and to counted from the start.</summary>
    public IReadOnlyList<(int From, int To)> Outages { get; init; } = [];

    /// <summary>Mean days between the birth and the death of an install. One that dies is replaced.</summary>
    public double LifeDays { get; init; } = 500;

    /// <summary>Days between two releases.</summary>
    public int ReleaseEvery { get; init; } = 56;
}
