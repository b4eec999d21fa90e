namespace Pipeline.Worlds.Counting;

/// <summary>The worlds that estimates are judged by: six whose difficulties are known from the literature, and three that break an
/// assumption which the method does not name.</summary>
public static class Recipes
{
    public static WorldRecipe S1 { get; } = new() { Name = "S1", Note = "benign: stable addresses, small offices" };

    public static WorldRecipe S2 { get; } = S1 with
    {
        Name = "S2", Note = "churn: a quarter of homes change address daily, three in ten have IPv6", HomeShare = 0.75,
        Daily = 0.25, Fortnightly = 0.3, Ipv6 = 0.3, Pollers = 10,
    };

    public static WorldRecipe S3 { get; } = S1 with
    {
        Name = "S3", Note = "NAT: offices of up to 60 installs, egress pools, 40 pollers", HomeShare = 0.35, Daily = 0.3,
        Fortnightly = 0.2, LargestOffice = 60, OfficeTail = 1.1, Pools = 0.4, Pollers = 40,
    };

    public static WorldRecipe S4 { get; } = S1 with
    {
        Name = "S4", Note = "homes open XenCenter far less often than offices", HomeShare = 0.65, Daily = 0.2, Fortnightly = 0.25,
        Ipv6 = 0.2, HomeActivity = 0.4, Pollers = 10,
    };

    public static WorldRecipe S5 { get; } = S3 with
    {
        Name = "S5", Note = "S3, and every office upgrades on one day, which hides that it is shared", Together = 1,
    };

    public static WorldRecipe S6 { get; } = S1 with
    {
        Name = "S6", Note = "four in ten office installs are laptops, used at home one day in five", HomeShare = 0.3, Daily = 0.15,
        Fortnightly = 0.2, LargestOffice = 20, OfficeTail = 1.6, Roaming = 0.4,
    };

    public static WorldRecipe S7 { get; } = S2 with
    {
        Name = "S7", Note = "providers hand the same few addresses out again, so one seen before and after may be another household",
        ReusedAddresses = 3000,
    };

    public static WorldRecipe S8 { get; } = S3 with
    {
        Name = "S8", Note = "a quarter of office installs are desktops reset every night, opened several times a day", Farm = 0.25,
    };

    public static WorldRecipe S9 { get; } = S1 with
    {
        Name = "S9", Note = "most people are away for two weeks in the middle, offices more than homes", AwayFrom = 84,
    };

    public static IReadOnlyList<WorldRecipe> All { get; } = [S1, S2, S3, S4, S5, S6, S7, S8, S9];
}
