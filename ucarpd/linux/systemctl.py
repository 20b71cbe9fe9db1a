"""The questions to systemd about a unit, in `ucarpd check`."""

import subprocess

TIMEOUT = 5.0
"""Seconds that systemctl may take."""


def enablement(unit: str) -> str:
    """Return what `systemctl is-enabled` prints, such as "enabled"; empty if there is no such unit.

    Blocks.  Raises OSError, or subprocess.TimeoutExpired.
    """
    said = _asked("is-enabled", "--", unit)
    return "" if said == "not-found" else said


def is_missing(unit: str) -> bool:
    """Return whether there is no such unit; one without a file may be there, as that of a device.

    Blocks, and raises likewise.
    """
    return _asked("show", "--property=LoadState", "--value", "--", unit) == "not-found"


def _asked(*arguments: str) -> str:
    asked = subprocess.run(
        ("systemctl", *arguments),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
    )
    return asked.stdout.strip()
