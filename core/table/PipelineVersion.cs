using System.Reflection;

namespace Pipeline.Core.Table;

/// <summary>How commits and segments name the program that made them.</summary>
internal static class PipelineVersion
{
    /// <summary>The footer's key for it: Parquet's own `created_by` names the library.</summary>
    public const string Key = "pipeline.engine";

    public static readonly string Engine =
        "pipeline/" + (typeof(PipelineVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0");
}
