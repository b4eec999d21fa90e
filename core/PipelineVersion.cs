using System.Reflection;

namespace Pipeline.Core;

/// <summary>How commits and segments name the program that made them.</summary>
public static class PipelineVersion
{
    public static readonly string Engine =
        "pipeline/" + (typeof(PipelineVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "0");
}
