using System.Runtime.InteropServices;

namespace Pipeline.Cli;

/// <summary>SIGINT and SIGTERM: the first asks to stop, that is to finish what is held; a second one ends the process at once.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Signals() => _registrations = [Register(PosixSignal.SIGINT), Register(PosixSignal.SIGTERM)];

    public CancellationToken Stop => _stop.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _stop.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        if (!_stop.IsCancellationRequested)
        {
            context.Cancel = true;
            // What waits for the token continues on threads of its own: the signal's must return.
            _ = _stop.CancelAsync();
        }
    });
}
