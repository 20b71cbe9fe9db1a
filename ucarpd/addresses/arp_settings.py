"""Keeps an interface from answering ARP for the virtual addresses on the macvlans above it.

By default an interface answers for any address of the host, with its own MAC, and names any as the
sender of its questions.  Either would give the virtual address another MAC than the virtual one.

All who have a macvlan on the interface, in this process and others, share one file in the private
directory, in which the values from before are kept.  Each holds a lock on it, which the kernel lets go of however they end;
the last to leave restores the values and removes the file.  A file without a holder was left by
processes that were killed; the values in the kernel are then still ours, and those in the file count.
If somebody removes the file, each holder makes it again or joins the one that another has made.
"""

import contextlib
import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from ucarpd.linux import sysctl
from ucarpd.linux.run_directory import is_still_at, private_directory, private_path

_OURS = {"arp_ignore": "1", "arp_announce": "2"}

_AS_GOOD = {
    # 2 asks for more, 8 answers nothing.  3 answers for what is on other interfaces, as 0 does.
    "arp_ignore": {"1", "2", "8"},
    "arp_announce": {"2"},
}

_PATIENCE = 0.2
"""Seconds to wait for others who read and write the file at the moment, which takes them far less."""

_RETRY_AFTER = 0.001


class ParentArp:
    """The ARP settings of the interface; `directory` is the run directory.

    If the file cannot be kept, `fault` says why.  The settings are made all the same, and the values
    from before are lost if the process is killed.
    """

    def __init__(self, interface: str, directory: Path) -> None:
        self.fault: OSError | None = None
        self._interface = interface
        self._directory = directory
        self._path = private_path(directory) / f"{interface}.arp"
        self._held: int | None = None
        self._originals: dict[str, str] = {}
        self._index = 0
        """Of the interface whose settings are held; 0 for none."""

    def hold(self) -> None:
        """Make the settings, and keep them until `release`.  Raises OSError if they are refused.

        Again is fine, and needed where the interface has gone and come back.
        """
        self.fault = None
        was_held = self._held is not None
        with contextlib.ExitStack() as alone:
            with self._noting_the_fault():
                alone.enter_context(_alone(private_directory(self._directory)))
                self._open()
            self._follow_interface()
            try:
                self._apply()
            except OSError:
                if not was_held:
                    self._leave()
                raise

    @property
    def files(self) -> frozenset[str]:
        """The name of the file in the private directory, if it is in use."""
        return frozenset({self._path.name} if self._held is not None else ())

    def renew(self) -> None:
        """Make the file again, if the settings are held and it has been removed.  Raises OSError."""
        if self._held is not None and not is_still_at(self._path, self._held):
            # If the interface is gone, so are its settings.
            with contextlib.suppress(FileNotFoundError):
                self.hold()

    def _open(self) -> None:
        former = self._held
        if former is not None and is_still_at(self._path, former):
            return
        self._held = _open_shared(self._path)
        if former is not None:
            _unlock(former)

    def release(self) -> None:
        """Give them up; the last to do so restores what was before.  Raises OSError.

        So does one that has not held them, where killed processes could not.
        """
        if self._held is not None or self._originals:
            with contextlib.ExitStack() as alone:
                with self._noting_the_fault():
                    alone.enter_context(_alone(self._path.parent))
                self._leave()
        elif self._path.exists():
            _restore_left_over(self._interface, self._path)

    def _follow_interface(self) -> None:
        """If the name is another interface's by now, restore the settings of the former one."""
        former, self._index = self._index, _index_of(self._interface)
        if former and former != self._index and (name := _name_of(former)):
            with contextlib.suppress(OSError):
                _restore(name, self._originals)

    def _apply(self) -> None:
        if self._held is not None:
            self._originals |= _read(self._held)
        raised = []
        for name, as_good in _AS_GOOD.items():
            value = sysctl.get(self._interface, 4, name)
            if value not in as_good:
                self._originals[name] = value
                raised.append(name)
        if self._held is not None:
            # Written first, so that they are known whenever we are killed.
            with self._noting_the_fault():
                _write(self._held, self._originals)
        for name in raised:
            sysctl.set(self._interface, 4, name, _OURS[name])

    def _leave(self) -> None:
        originals, self._originals = self._originals, {}
        descriptor, self._held = self._held, None
        index, self._index = self._index, 0
        name = _name_of(index) or self._interface
        if descriptor is None:
            if not self._path.exists():
                _restore(name, originals)
            return
        try:
            _restore_if_last(name, self._path, descriptor, originals)
        finally:
            _unlock(descriptor)

    @contextlib.contextmanager
    def _noting_the_fault(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = error


def _restore_left_over(interface: str, path: Path) -> None:
    with _alone(path.parent):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            _restore_if_last(interface, path, descriptor, {})
        finally:
            _unlock(descriptor)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One at a time on this machine, for as long as it takes to read and write a few files.

    It is the directory that is locked, since the file may be removed under those who wait for it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, directory)
        yield
    finally:
        _unlock(descriptor)


def _lock(descriptor: int, directory: Path) -> None:
    """Raise OSError if another has the lock for too long, as a process that has been stopped may."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                text = f"{directory} has been locked by another process for {_PATIENCE:g} s"
                raise OSError(errno.EBUSY, text) from None
            time.sleep(_RETRY_AFTER)
        else:
            return


def _open_shared(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _unlock(descriptor: int) -> None:
    # A child on its way to a script has a copy of the descriptor, and closing leaves that.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _restore_if_last(
    interface: str, path: Path, descriptor: int, originals: dict[str, str]
) -> None:
    """`originals` counts for what the file does not say, because it could not be written."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    _restore(interface, originals | _read(descriptor))
    path.unlink(missing_ok=True)


def _restore(interface: str, originals: dict[str, str]) -> None:
    for name, value in originals.items():
        # The interface may be gone.  What somebody has changed since then is theirs.
        with contextlib.suppress(FileNotFoundError):
            if sysctl.get(interface, 4, name) == _OURS[name]:
                sysctl.set(interface, 4, name, value)


def _index_of(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        return 0


def _name_of(index: int) -> str | None:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return None


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
