using Pipeline.Ingest.Formats;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>A second implementation of a format, slow and obvious. It says of a line what <see cref="Parsed.Outcome"/> says, or
/// `duplicate`.</summary>
internal interface IReferenceParser
{
    /// <summary>As <see cref="LogFormats.Named"/> takes it.</summary>
    string Format { get; }

    string Parse(string line);
}
