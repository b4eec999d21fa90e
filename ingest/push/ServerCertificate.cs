using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pipeline.Core;

namespace Pipeline.Ingest.Push;

/// <summary>
/// The certificate that an endpoint of this program shows, with its whole chain as its PEM file has it: leaf first, then the intermediates.
/// When the files change, new connections get the
/// new one. Files that cannot be used leave the old one in force, and are warned of once. Safe to use from many threads.
/// </summary>
public sealed class ServerCertificate
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private readonly string _setting, _file;
    private readonly string? _key;
    private readonly TimeProvider _time;
    private readonly Action<string>? _warn;
    private readonly Lock _lock = new();
    private SslStreamCertificateContext _current;
    private string _stamp;
    private string? _refused;
    private long _looked;

    /// <param name="setting">The setting that asks for it, for errors: `push.url`.</param>
    /// <param name="keyFile">PEM; null: the key is in the same file.</param>
    /// <exception cref="PipelineException">78: the files cannot be read, or are no certificate and its key.</exception>
    public ServerCertificate(string setting, string file, string? keyFile, TimeProvider time, Action<string>? warn)
    {
        (_setting, _file, _key, _time, _warn) = (setting, file, keyFile, time, warn);
        (_stamp, _looked) = (Stamp(), time.GetTimestamp());
        _current = Load();
    }

    /// <summary>What the next connection is shown. Looks at the files' stamps at most once in ten seconds.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_lock)
            {
                if (_time.GetElapsedTime(_looked) >= LookEvery)
                {
                    _looked = _time.GetTimestamp();
                    Look();
                }
                return _current;
            }
        }
    }

    private void Look()
    {
        var stamp = Stamp();
        if (stamp == _stamp)
        {
            return;
        }
        try
        {
            _current = Load();
            (_stamp, _refused) = (stamp, null);
        }
        catch (ConfigurationException e) when (stamp != _refused)
        {
            // Between the change of the certificate and that of its key they do not fit: the next look may find that they do.
            _refused = stamp;
            _warn?.Invoke($"{e.Message} The certificate that was read before stays in force.");
        }
        catch (ConfigurationException)
        {
            // Told before.
        }
    }

    private SslStreamCertificateContext Load()
    {
        try
        {
            var leaf = X509Certificate2.CreateFromPemFile(_file, _key);
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(_file);
            X509Certificate2Collection others = [.. all.Where(each => !each.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span))];
            return SslStreamCertificateContext.Create(leaf, others, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"{_setting}: the certificate {_file} with key {_key ?? "in the same file"} "
                + $"cannot be read ({e.GetType().Name}); "
                + "expected PEM files of a certificate, its chain and its key that this user may read.", e);
        }
    }

    /// <summary>Tells a changed file; renewals often replace a link.</summary>
    private string Stamp() => string.Join('|', new[] { _file, _key }.OfType<string>().Select(file =>
    {
        try
        {
            var info = File.ResolveLinkTarget(file, returnFinalTarget: true) as FileInfo ?? new FileInfo(file);
            return $"{info.FullName} {(info.Exists ? info.LastWriteTimeUtc.Ticks : 0)} {(info.Exists ? info.Length : 0)}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.GetType().Name;
        }
    }));
}
