using Microsoft.Extensions.Logging;

namespace Pipeline.Ingest.Push;

/// <summary>What the web server has to say, without what it says it about: warnings as category, event and type of exception. Messages may
/// hold what a client sent (rule 35).</summary>
internal sealed class PushLog(Action<string> warn) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Category(categoryName, warn);

    public void Dispose()
    {
    }

    private sealed class Category(string name, Action<string> warn) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var what = eventId.Name ?? eventId.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
                warn($"{name}: {what}{(exception is null ? "" : $" ({exception.GetType().Name})")}");
            }
        }
    }
}
