"""Keeps an interface from answering ARP for the virtual addresses on the macvlans above it.

By default an interface answers for any address of the host, with its own MAC, and names any as the
sender of its questions.  Either would give the virtual address another MAC than the virtual one.

All who have a macvlan on the interface, in this process and others, share one file in which the
values from before are kept.  Each holds a lock on it, which the kernel lets go of however they end;
the last to leave restores the values and removes the file.  A file without a holder was left by
processes that were killed; the values in the kernel are then still ours, and those in the file count.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ucarpd.linux import sysctl

_OURS = {"arp_ignore": "1", "arp_announce": "2"}

_AS_GOOD = {
    # 2 asks for more, 8 answers nothing.  3 answers for what is on other interfaces, as 0 does.
    "arp_ignore": {"1", "2", "8"},
    "arp_announce": {"2"},
}


class ParentArp:
    """The ARP settings of the interface; `directory` is where the file is."""

    def __init__(self, interface: str, directory: Path) -> None:
        self._interface = interface
        self._directory = directory
        self._path = directory / f"{interface}.arp"
        self._held: int | None = None

    def hold(self) -> None:
        """Make the settings, and keep them until `release`.  Raises OSError.

        Again is fine, and needed where the interface has gone and come back.
        """
        self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _alone(self._directory):
            if self._held is not None:
                self._apply(self._held)
                return
            self._held = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._held, fcntl.LOCK_SH)
            try:
                self._apply(self._held)
            except OSError:
                self._leave()
                raise

    def release(self) -> None:
        """Give them up; the last to do so restores what was before.  Raises OSError.

        So does one that has not held them, where killed processes could not.
        """
        if self._held is not None:
            with _alone(self._directory):
                self._leave()
        elif self._path.exists():
            _restore_left_over(self._interface, self._path, self._directory)

    def _apply(self, descriptor: int) -> None:
        values = _read(descriptor)
        raised = []
        for name, as_good in _AS_GOOD.items():
            value = sysctl.get(self._interface, 4, name)
            if value not in as_good:
                values[name] = value
                raised.append(name)
        # Written first, so that they are known whenever we are killed.
        _write(descriptor, values)
        for name in raised:
            sysctl.set(self._interface, 4, name, _OURS[name])

    def _leave(self) -> None:
        assert self._held is not None
        descriptor, self._held = self._held, None
        try:
            _restore_if_last(self._interface, self._path, descriptor)
        finally:
            # A child on its way to a script has a copy of the descriptor, and closing leaves that.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _restore_left_over(interface: str, path: Path, directory: Path) -> None:
    with _alone(directory):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            _restore_if_last(interface, path, descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One at a time on this machine, for as long as it takes to read and write a few files.

    It is the directory that is locked, since the file may be removed under those who wait for it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _restore_if_last(interface: str, path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for name, value in _read(descriptor).items():
        # The interface may be gone.  What somebody has changed since then is theirs.
        with contextlib.suppress(FileNotFoundError):
            if sysctl.get(interface, 4, name) == _OURS[name]:
                sysctl.set(interface, 4, name, value)
    path.unlink()


def _read(descriptor: int) -> dict[str, str]:
    """The values from before of the settings that we have changed."""
    lines = os.pread(descriptor, 4096, 0).decode("ascii", "replace").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, _, value in pairs if name in _OURS and value.isdecimal()}


def _write(descriptor: int, values: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in values.items()).encode()
    # In this order a death in between leaves the new text, and at worst part of an old line.
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))
