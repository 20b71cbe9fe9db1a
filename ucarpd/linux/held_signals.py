"""Signals for the daemon before it has handlers: the kernel keeps them.

Otherwise they would end the process.
"""

import signal
from collections.abc import Collection

REQUESTS = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that never ask for the end of the daemon."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, *REQUESTS)


def hold(signals: Collection[signal.Signals] = SIGNALS) -> None:
    """Let the kernel keep these signals for this process; threads and programs inherit that."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)


def release() -> None:
    """Let the handlers, which are set by now, have the signals that have come meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
