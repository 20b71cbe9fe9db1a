"""Writing to the journal.

Only the log process does it, because a call blocks while journald does not answer.
"""

import os
from collections.abc import Sequence

try:
    # The public module has the same function, but takes a megabyte more memory.
    from systemd._journal import sendv
except ImportError:
    from systemd.journal import sendv

SOCKET = "/run/systemd/journal/socket"


def send(fields: Sequence[bytes]) -> None:
    """Write one entry of fields `NAME=value`.

    Blocks.  Raises OSError; FileNotFoundError if there is no journal.
    """
    # If there is no socket, libsystemd drops the entry without an error.
    os.stat(SOCKET)  # noqa: PTH116 - pathlib would cost memory
    sendv(*fields)
