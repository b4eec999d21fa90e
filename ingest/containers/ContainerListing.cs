using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;

namespace Pipeline.Ingest.Containers;

/// <summary>
/// What is in a container, kept up to date with few requests: everything at the start and once an hour; between, the top level, what is new
/// there, and the days of the hours that may still grow.
/// Where blobs lie in no folders of hours, all of it every few minutes.
/// </summary>
internal sealed class ContainerListing(IAppendedBlobs blobs, ContainerOptions options, TimeProvider time)
{
    /// <summary>More entries than these on the top level are not listed for what is new among them.</summary>
    private const int MaxOnTop = 1_000;

    private readonly HashSet<(string Root, bool Named)> _roots = [];
    private readonly HashSet<string> _tops = new(StringComparer.Ordinal);
    private readonly HashSet<string> _topBlobs = new(StringComparer.Ordinal);
    private Dictionary<string, AppendedBlob> _blobs = new(StringComparer.Ordinal);
    private bool _others;
    private long? _all;

    public IReadOnlyDictionary<string, AppendedBlob> Blobs => _blobs;

    /// <summary>The container's own clock, as it last told it; it never goes back.</summary>
    public DateTimeOffset Clock { get; private set; }

    /// <exception cref="StoreException">The container did not answer; what was known stays.</exception>
    public async Task LookAsync(CancellationToken cancel)
    {
        if (_all is null || time.GetElapsedTime(_all.Value) >= (_others ? options.PollOthers : options.PollAll))
        {
            await AllAsync(cancel);
            return;
        }
        if (_tops.Count + _topBlobs.Count <= MaxOnTop)
        {
            var fresh = new List<string>();
            await foreach (var page in blobs.ListLevelAsync(options.Prefix, cancel))
            {
                Take(page, _blobs);
                fresh.AddRange(page.Folders.Where(folder => !_tops.Contains(folder)));
            }
            foreach (var folder in fresh)
            {
                await ListAsync(folder, cancel);
                _tops.Add(folder);
            }
        }
        foreach (var (root, named) in _roots.ToList())
        {
            foreach (var day in ContainerLayout.Days(root, named, Clock - options.Grows, Clock))
            {
                await ListAsync(day, cancel);
            }
        }
    }

    /// <summary>A blob that was found to be gone, or to have grown since it was listed.</summary>
    public void Update(string name, AppendedBlob? found)
    {
        lock (_roots)
        {
            if (found is null)
            {
                _blobs.Remove(name);
            }
            else
            {
                _blobs[name] = found;
            }
        }
    }

    private async Task AllAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var found = new Dictionary<string, AppendedBlob>(StringComparer.Ordinal);
        await foreach (var page in blobs.ListAsync(options.Prefix, cancel))
        {
            Take(page, found);
        }
        _roots.Clear();
        _tops.Clear();
        _topBlobs.Clear();
        _others = false;
        foreach (var name in found.Keys)
        {
            Place(name);
        }
        (_blobs, _all) = (found, started);
    }

    private async Task ListAsync(string prefix, CancellationToken cancel)
    {
        await foreach (var page in blobs.ListAsync(prefix, cancel))
        {
            Take(page, _blobs);
        }
    }

    private void Take(AppendedPage page, Dictionary<string, AppendedBlob> into)
    {
        foreach (var blob in page.Blobs)
        {
            if (options.Matches(blob.Name))
            {
                if (ReferenceEquals(into, _blobs) && !into.ContainsKey(blob.Name))
                {
                    Place(blob.Name);
                }
                into[blob.Name] = blob;
            }
            Clock = blob.Modified > Clock ? blob.Modified : Clock;
        }
        Clock = page.Clock > Clock ? page.Clock.Value : Clock;
    }

    private void Place(string name)
    {
        if (ContainerLayout.Of(name) is { } layout)
        {
            _roots.Add((layout.Root, layout.Named));
        }
        else
        {
            _others = true;
        }
        var folder = name.IndexOf('/', options.Prefix.Length);
        (folder < 0 ? _topBlobs : _tops).Add(folder < 0 ? name : name[..(folder + 1)]);
    }
}
