namespace Pipeline.Cli.Settings;

/// <summary>Which files that hold secrets, or hashes of tokens, other users of this machine may read.</summary>
internal static class FileModes
{
    /// <summary>A warning for each; none on Windows, where modes say nothing.</summary>
    public static IEnumerable<string> Warnings(string? config, PipelineSettings settings)
    {
        if (config is not null && IsOpen(config) && settings.Sources.Any(source => source.Push is { Tokens.Count: > 0 }))
        {
            yield return $"{config} can be read by every user of this machine, "
                + "and holds hashes of tokens: chmod 0640 it, with the program's group.";
        }
        if ((settings.PushKey ?? settings.PushCertificate) is { } key && IsOpen(key))
        {
            yield return $"{key} can be read by every user of this machine, "
                + "and holds the private key of the push endpoint: chmod 0600 it, with the program's user.";
        }
        var secrets = new[] { settings.UsConnectionFile, settings.UkConnectionFile, settings.Kafka.SaslPasswordFile,
            settings.Kafka.TlsKey, settings.Kafka.TlsKeyPasswordFile }
            .Concat(settings.Sources.Select(source => source.Container?.ConnectionFile));
        foreach (var secret in secrets.OfType<string>().Distinct().Where(IsOpen))
        {
            yield return $"{secret} can be read by every user of this machine, and holds a secret: chmod 0600 it, with the program's user.";
        }
    }

    private static bool IsOpen(string file)
    {
        try
        {
            return !OperatingSystem.IsWindows() && File.Exists(file) && File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherRead);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not readable is not open; who needs the file says so.
            return false;
        }
    }
}
