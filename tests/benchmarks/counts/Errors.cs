namespace Pipeline.Tests.Benchmarks.Counts;

/// <summary>Estimates compared with the truth: relative errors, and how often and how widely bounds held it.</summary>
internal sealed class Errors
{
    private readonly List<double> _errors = [];
    private int _inside;
    private int _inBand;
    private double _width;
    private double _bandWidth;

    public int Count => _errors.Count;

    /// <summary>Windows for which there was no estimate.</summary>
    public int Refused { get; private set; }

    /// <summary>The mean relative error, 0.01 is one per cent too many.</summary>
    public double Bias => _errors.Count == 0 ? double.NaN : _errors.Average();

    public double Rmse => _errors.Count == 0 ? double.NaN : Math.Sqrt(_errors.Average(e => e * e));

    /// <summary>The share of windows whose truth was in the sampling interval, and in the band.</summary>
    public double Inside => (double)_inside / Count;

    public double InBand => (double)_inBand / Count;

    /// <summary>The mean of upper less lower, over the truth.</summary>
    public double Width => _width / Count;

    public double BandWidth => _bandWidth / Count;

    public void Add(double value, double truth)
    {
        if (double.IsNaN(value))
        {
            Refused++;
            return;
        }
        _errors.Add(value / truth - 1);
    }

    public void Add(Processor.Installs.Estimates.WindowEstimate estimate, double truth)
    {
        Add(estimate.Value, truth);
        _inside += estimate.Lower <= truth && truth <= estimate.Upper ? 1 : 0;
        _inBand += estimate.BandLower <= truth && truth <= estimate.BandUpper ? 1 : 0;
        if (!double.IsNaN(estimate.Value))
        {
            _width += (estimate.Upper - estimate.Lower) / truth;
            _bandWidth += (estimate.BandUpper - estimate.BandLower) / truth;
        }
    }
}
