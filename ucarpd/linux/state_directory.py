"""The state directory, for files that survive a reboot."""

import os
from pathlib import Path

DEFAULT_STATE_DIRECTORY = "/var/lib/ucarpd"


def state_directory() -> Path:
    """Return the state directory: the first one in systemd's STATE_DIRECTORY, or the default."""
    return Path(os.environ.get("STATE_DIRECTORY", DEFAULT_STATE_DIRECTORY).split(":")[0])
