"""Signals for the daemon before it has handlers: the kernel keeps them.

Otherwise they would end the process.
"""

import signal

SIGNALS = (
    *(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT),
    *(signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2),
)


def hold() -> None:
    """Let the kernel keep these signals for this process; threads and programs inherit that."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def release() -> None:
    """Let the handlers, which are set by now, have the signals that have come meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
