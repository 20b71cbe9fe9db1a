"""The environment of the programs that ucarpd runs."""

import os
from collections.abc import Mapping

from ucarpd.scripts.survivors import MARK

SCRIPT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH of scripts, at boot and on the command line; a key PATH in the file overrides it."""

_WITHHELD = {"CREDENTIALS_DIRECTORY", "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDS", "LISTEN_PID"}
_WITHHELD |= {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}


def environment_of(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program, with `extra` variables."""
    # UCARP_ keys come only from the file: an exported UCARP_PASS must not reach a script.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _WITHHELD and not name.startswith("UCARP_")
    }
    return {**inherited, "PATH": SCRIPT_PATH, **extra, MARK: str(os.getpid())}
