"""The questions to systemd about a unit, before ucarpd starts it."""

import subprocess

TIMEOUT = 5.0
"""Seconds that systemctl may take, in `ucarpd check`."""


def enablement(unit: str) -> str:
    """Return what `systemctl is-enabled` prints, such as "enabled"; empty if there is no such unit.

    Blocks.  Raises OSError, or subprocess.TimeoutExpired.
    """
    asked = subprocess.run(
        ("systemctl", "is-enabled", "--", unit),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
    )
    said = asked.stdout.strip()
    return "" if said == "not-found" else said
