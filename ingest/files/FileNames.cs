using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Files;

/// <summary>
/// The names that one source's files were first read under, on the machine that reads them: a name can hold personal data that no contract
/// declares, so it leaves this machine in no store, topic, log line or metric. A file of JSON lines, appended to, for its owner only.
/// It is a hint: a line that is lost or cut costs a name in a report, never a record. Safe to use from many threads.
/// </summary>
public sealed class FileNames : IDisposable
{
    /// <summary>Names that are kept of one source: the newest.</summary>
    public const int MaxNames = 65_536;

    private readonly Lock _lock = new();
    private readonly string? _path;
    private readonly KeyedHash? _hash;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _identities = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> _labels = [];
    private StreamWriter? _writer;
    private bool _failed;
    private int _lines;

    /// <summary>Names that this process knows and nobody else: of a test, or of an import that writes nothing.</summary>
    public FileNames()
    {
    }

    private FileNames(string path, KeyedHash hash) => (_path, _hash) = (path, hash);

    /// <summary>Why names cannot be kept beyond this process, or null: the type of the error, without a name.</summary>
    public string? Fault { get; private set; }

    /// <summary>What is known of a source. Nothing is made before the first name comes.</summary>
    /// <param name="folder">Where the names of all sources are.</param>
    /// <param name="hash">See <see cref="InstallationKey.Names"/>.</param>
    public static FileNames Open(string folder, string source, KeyedHash hash)
    {
        var names = new FileNames(Path.Combine(folder, source + ".jsonl"), hash);
        names.Guarded(names.Load);
        return names;
    }

    /// <summary>The name that the file was first read under, or null where this machine does not know it.</summary>
    public string? Find(string identity)
    {
        lock (_lock)
        {
            return _names.GetValueOrDefault(identity);
        }
    }

    /// <summary>The file that was last read under a name, or null where this machine does not know of one.</summary>
    public string? IdentityOf(string name)
    {
        lock (_lock)
        {
            return _identities.GetValueOrDefault(name);
        }
    }

    /// <summary>Every identity and its name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All()
    {
        lock (_lock)
        {
            return [.. _names];
        }
    }

    /// <summary>Remembers the name that a file is read under.</summary>
    public void Note(string identity, string name)
    {
        lock (_lock)
        {
            _identities[name] = identity;
            if (_names.GetValueOrDefault(identity) != name)
            {
                _names[identity] = name;
                Write(new FileName(identity, LabelOf(name), name));
            }
        }
    }

    /// <summary>Stands for a name in a log line: 16 hex digits, a keyed hash. Whoever has this file finds the name by them.</summary>
    public string Label(string name)
    {
        lock (_lock)
        {
            var label = LabelOf(name);
            if (label.Length > 0 && _labels.Add(ulong.Parse(label, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
            {
                Write(new FileName(null, label, name));
            }
            return label;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Guarded(() => _writer?.Dispose());
            _writer = null;
        }
    }

    private string LabelOf(string name) => _hash?.Of(System.Text.Encoding.UTF8.GetBytes(name))[..16] ?? "";

    private void Write(FileName name)
    {
        if (_path is null || _failed)
        {
            return;
        }
        Guarded(() =>
        {
            if (_writer is null || _lines >= 2 * MaxNames)
            {
                Compact();
            }
            _writer!.WriteLine(name.ToJson());
            _writer.Flush();
            _lines++;
            Know(name);
        });
    }

    private void Know(FileName name)
    {
        if (name.File is { } identity)
        {
            _names[identity] = name.Name;
            _identities[name.Name] = identity;
        }
        _labels.Add(ulong.Parse(name.Label, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private void Load()
    {
        foreach (var name in Kept())
        {
            Know(name);
        }
    }

    /// <summary>The newest line of each file and name, in the order in which they were written.</summary>
    private List<FileName> Kept()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var kept = new List<FileName>();
        foreach (var line in File.Exists(_path) ? File.ReadAllLines(_path!).Reverse() : [])
        {
            if (kept.Count < MaxNames && FileName.OfJson(line) is { } name && seen.Add(name.File ?? "label " + name.Label))
            {
                kept.Add(name);
            }
        }
        kept.Reverse();
        return kept;
    }

    /// <summary>Leaves out what newer lines replace, and opens the file to append to it.</summary>
    private void Compact()
    {
        _writer?.Dispose();
        _writer = null;
        var folder = Path.GetDirectoryName(_path)!;
        var kept = Kept();
        var owner = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            owner.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var temporary = $"{_path}.{Environment.ProcessId}";
        using (var writer = new StreamWriter(new FileStream(temporary, owner)))
        {
            kept.ForEach(name => writer.WriteLine(name.ToJson()));
        }
        File.Move(temporary, _path!, overwrite: true);
        _names.Clear();
        _labels.Clear();
        kept.ForEach(Know);
        _lines = kept.Count;
        _writer = new StreamWriter(new FileStream(_path!, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
    }

    /// <summary>A folder that cannot be read or written costs the names, and nothing else.</summary>
    private void Guarded(Action act)
    {
        try
        {
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            (_failed, Fault) = (true, e.GetType().Name);
        }
    }
}

/// <summary>One line: a file's identity, where the name is of a file that was read; what stands for the name in a log; the name.</summary>
internal sealed record FileName(string? File, string Label, string Name)
{
    /// <summary>Letters of any script stay readable; control characters are escaped all the same.</summary>
    private static readonly FileNameJson Json =
        new(new JsonSerializerOptions(FileNameJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public string ToJson() => JsonSerializer.Serialize(this, Json.FileName);

    /// <summary>Null where the line was cut, or is none.</summary>
    public static FileName? OfJson(string line)
    {
        try
        {
            var name = JsonSerializer.Deserialize(line, Json.FileName);
            return name is { Label: { Length: 16 } label, Name: not null } && label.All(char.IsAsciiHexDigit) ? name : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(FileName))]
internal sealed partial class FileNameJson : JsonSerializerContext;
