namespace Pipeline.Core.Captures;

/// <summary>
/// What captures and snapshots of version 1 held that is not carried on: field lists as logs wrote them, and file names. Both are left out
/// when
/// they are read, so that a snapshot of version 1 and a fold of its captures today are the same state.
/// </summary>
internal static class VersionOne
{
    /// <summary>The state as this version writes it.</summary>
    public static ShardState Renewed(ShardState state)
    {
        foreach (var (key, cursor) in state.Files.Where(file => file.Value.Fields is not null).ToList())
        {
            state.Files[key] = cursor with { Fields = ColumnNames.Only(cursor.Fields!) };
        }
        state.Version = ShardState.PlainVersion;
        return state;
    }

    /// <summary>The field list of a read as a cursor keeps it.</summary>
    public static string? Fields(CaptureHeader header, ReadEntry read) =>
        header.Version == 1 && read.Fields is { } list ? ColumnNames.Only(list) : read.Fields;
}
