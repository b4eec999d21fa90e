using CsCheck;
using Pipeline.Shipper.Seal;

namespace Pipeline.Tests.Unit.Shipper;

public sealed class SealPolicyTests
{
    private static readonly SealPolicy Policy = new(Bytes: 100, Age: TimeSpan.FromMinutes(5), Budget: 150);

    [Theory]
    [InlineData(0, 500, true, 9999, null)]
    [InlineData(99, 99, true, 0, null)]
    [InlineData(100, 100, true, 0, "size")]
    [InlineData(80, 150, true, 0, "budget")]
    [InlineData(70, 150, false, 0, null)]
    [InlineData(1, 1, true, 300, "age")]
    [InlineData(1, 1, true, 299, null)]
    public void A_table_is_sealed_for_its_size_the_budget_or_its_age(long table, long all, bool largest, int seconds, string? reason) =>
        Assert.Equal(reason, Policy.Decide(table, all, largest, TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void At_a_full_budget_some_table_is_always_sealed() => Gen.Long[0, 200].Array[1, 5].Where(t => t.Sum() >= 150).Sample(tables =>
        Assert.Contains(tables, t => Policy.Decide(t, tables.Sum(), t == tables.Max(), TimeSpan.Zero) is not null));
}
