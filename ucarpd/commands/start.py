"""The start of the commands that change something on this host: privileges and the log."""

import sys
from typing import TYPE_CHECKING

from ucarpd.exit_status import EXIT_NO_PERMISSION

if TYPE_CHECKING:
    from ucarpd.log.process import LogProcess


def refuse() -> int:
    """Say that this user may not; return the exit status."""
    print("ucarpd: must run as root (CAP_NET_RAW and CAP_NET_ADMIN)", file=sys.stderr)
    return EXIT_NO_PERMISSION


def start_log(log: str) -> "tuple[str, LogProcess | None]":
    """Start the log process; return the kind of log, and the process, or None if it cannot start."""
    from ucarpd.log import process as log_process

    kind = log
    if log == "auto":
        kind = "journal" if log_process.stderr_is_the_journal() else "stderr"
    if kind == "stderr" and sys.stderr is None:
        # Standard error is closed.
        kind = "syslog"
    return kind, log_process.fork(kind)
