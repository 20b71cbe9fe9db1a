"""Notes of interfaces on which ucarpd has changed promote_secondaries, for the time after a crash.

A note is a file in the private directory, locked while the setting is changed.  A note without a
lock was left by a killed process: the setting is still 1, and was 0 before.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from ucarpd.linux import sysctl
from ucarpd.linux.lock import unlock
from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.run_directory import private_directory, private_path
from ucarpd.log import lines

_SUFFIX = ".promoted"


class Promotions:
    """The notes of this process; not for use by several threads at once.

    If there is no private directory, there are no notes: the addresses must go in any case.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    def begin(self, interface: str) -> bool:
        """Note that the setting of this interface will be changed.

        Return False if another process is about to change it, or to restore it.
        """
        if interface in self._held:
            return True  # Another program has set it back meanwhile.
        with contextlib.suppress(OSError):
            private_directory(self._directory)
            file = self._note(interface)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._held[interface] = descriptor
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._held.pop(interface))
                return False
        return True

    def end(self, interface: str) -> None:
        """Remove the note: the setting has been restored."""
        descriptor = self._held.pop(interface, None)
        if descriptor is not None:
            with contextlib.suppress(OSError):
                self._note(interface).unlink()
            unlock(descriptor)

    def is_changed_elsewhere(self, interface: str) -> bool:
        """Return whether another process may have changed the setting of this interface for a moment."""
        try:
            return interface not in self._held and self._note(interface).exists()
        except PermissionError:
            return True

    def _note(self, interface: str) -> Path:
        return private_path(self._directory) / f"{_prefix()}{interface}{_SUFFIX}"


def has_notes(directory: Path) -> bool:
    """Return whether there are notes, of killed processes or of running ones."""
    return any(True for _ in _notes(private_path(directory)))


def restore_left_over(directory: Path) -> None:
    """Restore settings that killed processes have left changed.  Raises OSError."""
    for interface, file in list(_notes(private_path(directory))):
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # Another process has restored it meanwhile.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The interface may be gone.
            with contextlib.suppress(FileNotFoundError):
                if sysctl.get(interface, 4, sysctl.PROMOTE) == "1":
                    sysctl.set(interface, 4, sysctl.PROMOTE, "0")
            file.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            unlock(descriptor)


def report_unrestored(error: OSError | None) -> None:
    """Log that `restore_left_over` has failed."""
    if error is not None:
        text = f"cannot restore a setting that an earlier run has left: {error.strerror or error}"
        lines.write(logging.WARNING, text)


def _notes(directory: Path) -> Iterator[tuple[str, Path]]:
    prefix = _prefix()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for file in directory.iterdir():
            if file.name.startswith(prefix) and file.name.endswith(_SUFFIX):
                yield file.name.removeprefix(prefix).removesuffix(_SUFFIX), file


def _prefix() -> str:
    return f"{network_namespace()}-"
