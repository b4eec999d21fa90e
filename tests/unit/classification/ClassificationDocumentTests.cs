using Pipeline.Tests.Unit.Deploy;
using Xunit;

namespace Pipeline.Tests.Unit.Classification;

public sealed class ClassificationDocumentTests
{
    [Fact]
    public void The_page_is_what_the_table_says()
    {
        var page = Path.Combine(DeployedFiles.Repository, "docs", "classification.md");
        var text = ClassificationDocument.Write();
        if (Environment.GetEnvironmentVariable("PIPELINE_WRITE_DOCS") == "1")
        {
            File.WriteAllText(page, text);
        }
        Assert.True(File.Exists(page) && File.ReadAllText(page) == text,
            "docs/classification.md is not what ingest/classification/RuleTable.cs says; write it again: PIPELINE_WRITE_DOCS=1 " +
                "tests/unit/bin/Debug/net10.0/Pipeline.Tests.Unit -class Pipeline.Tests.Unit.Classification.ClassificationDocumentTests");
    }
}
