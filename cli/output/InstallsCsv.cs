using System.Globalization;
using System.Text;
using Pipeline.Processor.Installs;

namespace Pipeline.Cli.Output;

/// <summary>Facts and estimates as comma-separated values (RFC 4180): one row a window and version, empty where a number is not
/// known.</summary>
internal static class InstallsCsv
{
    public const string Head = "window,start,days,covered_days,version,checks,addresses,ipv4,ipv6_64,installs,lower,upper,band_lower,"
        + "band_upper,status,reason,share,clean_checks,rho,panel_keys,balance,phase_survival,method,table_version";

    /// <summary>Without a line end after the last row.</summary>
    public static string Of(InstallFacts facts)
    {
        var text = new StringBuilder(Head);
        foreach (var row in InstallsView.Ordered(facts.Rows))
        {
            var e = row.Estimate;
            text.Append('\n').AppendJoin(',', ((object?[])
            [
                row.Window, row.Start, e?.Days, e?.CoveredDays, row.Version, row.Checks, row.Addresses, row.Ipv4, row.Ipv6Prefixes,
                e?.Value, e?.Lower, e?.Upper, e?.BandLower, e?.BandUpper, e?.Status, e?.Reason, e?.Share, e?.CleanChecks, e?.Rho,
                e?.PanelKeys, e?.Balance, e?.PhaseSurvival, facts.Estimates?.Method, facts.TableVersion,
            ]).Select(Cell));
        }
        return text.ToString();
    }

    private static string Cell(object? value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
