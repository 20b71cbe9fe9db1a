"""The lines of one virtual host: its name before each, its fields, and no line too often."""

import logging
import time
from collections.abc import Sequence

from ucarpd.log.limits import LastingFaults
from ucarpd.log.lines import write


class InstanceLines:
    """Writes lines that are worded already."""

    def __init__(self, name: str, vhid: int, interface: str, facility: str) -> None:
        self._name = name
        self._faults = LastingFaults()
        self.configure(vhid, interface, facility)

    def configure(self, vhid: int, interface: str, facility: str) -> None:
        """Take over another configuration; the name stays."""
        self._interface = interface
        self._vhid = vhid
        self.facility = facility
        self._fields = {
            "UCARPD_INSTANCE": self._name,
            "UCARPD_VHID": str(vhid),
            "UCARPD_INTERFACE": interface,
        }

    def info(self, text: str) -> None:
        self._write(logging.INFO, text)

    def warning(self, text: str) -> None:
        self._write(logging.WARNING, text)

    def error(self, text: str) -> None:
        self._write(logging.ERROR, text)

    def _fault(self, level: int, fault: str, text: str) -> bool:
        """A line about something that may go on for hours; return whether it was time for it."""
        times = self._faults.admit(fault, time.monotonic())
        if times is not None:
            more = f" ({times} times since the last such line)" if times else ""
            self._write(level, f"{text}{more}")
        return times is not None

    def _write(
        self, level: int, text: str, *, error: BaseException | None = None, **fields: str
    ) -> None:
        write(level, f"{self._name}: {text}", {**self._fields, **fields}, self.facility, error)


def listed(items: Sequence[object]) -> str:
    """Return them with commas in between."""
    return ", ".join(map(str, items))


def followed(items: Sequence[object], verb: str) -> str:
    """Return them with "is" or "was" after them, in the plural for several."""
    plural = {"is": "are", "was": "were"}[verb]
    return f"{listed(items)} {verb if len(items) == 1 else plural}"
