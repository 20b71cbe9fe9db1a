"""The way into the journal, for the log process alone: a call may wait as long as journald does."""

import os
from collections.abc import Sequence

try:
    # The public module has the same function, but takes a megabyte more memory.
    from systemd._journal import sendv
except ImportError:
    from systemd.journal import sendv

SOCKET = "/run/systemd/journal/socket"


def send(fields: Sequence[bytes]) -> None:
    """Write one entry of fields `NAME=value`.  Raises OSError; FileNotFoundError without a journal."""
    # libsystemd drops the entry in silence if there is no socket.
    os.stat(SOCKET)  # noqa: PTH116 - pathlib would cost memory
    sendv(*fields)
