"""Errors that say all: file descriptors, memory or threads are lacking.

The commands load this first, so it imports nothing large.
"""

import errno
import os
import sys

TYPE_CHECKING = False  # `typing` takes long to load.
if TYPE_CHECKING:
    from collections.abc import Callable

NO_THREAD = (
    "no thread can be started: is a limit of processes reached (TasksMax=), or is memory lacking?"
)

_SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOBUFS}


_WITHOUT_MEMORY = (
    "failed to map segment from shared object",
    "error return without exception set",
    "returned NULL without setting an exception",
)
"""The ends of other errors: the C library cannot load a module, or the interpreter has lost the MemoryError."""


def scarcity(error: Exception) -> str:
    """Return what is lacking, in the kernel's words; empty if this is another error."""
    if isinstance(error, MemoryError) or str(error).endswith(_WITHOUT_MEMORY):
        return os.strerror(errno.ENOMEM)
    if isinstance(error, OSError) and error.errno in _SCARCE:
        return error.strerror or ""
    return ""


def tells_scarcity(text: str) -> bool:
    """Return whether a message ends with what is lacking, in the kernel's words."""
    return text.endswith(tuple(map(os.strerror, _SCARCE)))


def guarded(command: str, run: "Callable[[], int]") -> int:
    """Return the exit status of a command.

    If it lacks descriptors or memory for its modules, end the process: without memory, the interpreter
    would add hundreds of lines at its own end.
    """
    try:
        return run()
    except Exception as error:
        if not (lacking := scarcity(error)):
            raise
        print(f"{command}: cannot run: {lacking}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(1)
    except KeyboardInterrupt:
        import signal  # noqa: PLC0415

        return 128 + signal.SIGINT
