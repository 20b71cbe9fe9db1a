"""The ARP settings of an interface with macvlans: it must not answer for their virtual addresses.

By default an interface answers ARP for any address of the host with its own MAC, and may name any
of them as the sender of its requests.  Both would give the virtual address a MAC other than the
virtual one.

All virtual hosts with a macvlan on the interface, in this process and others, share one file in the
private directory; interfaces of other network namespaces have their own.  It keeps the original
values.  Each virtual host holds a lock on the file, which the kernel releases however the process
ends.  The last one restores the values and removes the file.  A file without a lock was left by
killed processes: the kernel still has our values, and the file has the original ones.  If the file is
removed, each holder makes it again, or joins a new one.
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
from ucarpd.linux.lock import unlock
from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.run_directory import private_directory, private_path

_OURS = {"arp_ignore": "1", "arp_announce": "2"}

_AS_GOOD = {
    # 2 is stricter, and 8 answers no request.  Like 0, 3 answers for addresses of other interfaces.
    "arp_ignore": {"1", "2", "8"},
    "arp_announce": {"2"},
}

_PATIENCE = 0.2
"""Longest wait for other processes that read or write the file, in seconds; they need far less."""

_RETRY_AFTER = 0.001


class ParentArp:
    """The ARP settings of the interface; `directory` is the run directory.

    If the file cannot be written, ucarpd changes the settings nevertheless; if it is killed, the
    original values are lost.
    """

    def __init__(self, interface: str, directory: Path) -> None:
        self._interface = interface
        self._directory = directory
        self._path = private_path(directory) / f"{network_namespace()}-{interface}.arp"
        self._held: int | None = None
        self._originals: dict[str, str] = {}
        self._index = 0
        """The index of the interface whose settings are held; 0 for none."""

    def hold(self) -> None:
        """Change the settings, and keep them until `release`.  Blocks; raises OSError.

        A second call does no harm.  It is necessary after the interface was gone.
        """
        was_held = self._held is not None
        with contextlib.ExitStack() as alone:
            with contextlib.suppress(OSError):
                alone.enter_context(_alone(private_directory(self._directory)))
                self._open()
            self._follow_interface()
            try:
                self._apply()
            except OSError:
                if not was_held:
                    self._leave()
                raise

    def keep(self) -> list[str]:
        """Set the values again that another program has changed meanwhile, and return which.

        Blocks; raises OSError.
        """
        changed = [
            f"{name} of {self._interface}"
            for name, as_good in _AS_GOOD.items()
            if sysctl.get(self._interface, 4, name) not in as_good
        ]
        if changed:
            self.hold()
        return changed

    @property
    def files(self) -> frozenset[str]:
        """The name of the file in the private directory, if it is in use."""
        return frozenset({self._path.name} if self._held is not None else ())

    def renew(self) -> None:
        """Make the file again if it was removed while the settings are held.  Raises OSError."""
        if self._held is not None:
            # If the interface is gone, so are its settings.
            with contextlib.suppress(FileNotFoundError):
                self.hold()

    def _open(self) -> None:
        """Open the file, which may have been removed since the last time."""
        former, self._held = self._held, _open_shared(self._path)
        if former is not None:
            unlock(former)

    def release(self) -> None:
        """Release the settings; the last holder restores the original values.  Raises OSError.

        Without a hold, this restores the values that killed processes have left.
        """
        if self._held is not None or self._originals:
            with contextlib.ExitStack() as alone:
                with contextlib.suppress(OSError):
                    alone.enter_context(_alone(self._path.parent))
                self._leave()
        elif self._path.exists():
            _restore_left_over(self._interface, self._path)

    def _follow_interface(self) -> None:
        """Restore the settings of the former interface, if another one has its name by now."""
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
            # The file is written first, so the values survive if this process is killed.
            with contextlib.suppress(OSError):
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
            unlock(descriptor)


def _restore_left_over(interface: str, path: Path) -> None:
    with _alone(path.parent):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            _restore_if_last(interface, path, descriptor, {})
        finally:
            unlock(descriptor)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold a lock of this machine, for the time it takes to read and write a few files.

    It locks the directory, because the file may be removed while other processes wait for it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, directory)
        yield
    finally:
        unlock(descriptor)


def _lock(descriptor: int, directory: Path) -> None:
    """Take the lock.  Raises OSError if another process, such as a stopped one, keeps it."""
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


def _restore_if_last(
    interface: str, path: Path, descriptor: int, originals: dict[str, str]
) -> None:
    """Restore the settings and remove the file, if no other process holds it.

    `originals` has the values that could not be written to the file.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    _restore(interface, originals | _read(descriptor))
    path.unlink(missing_ok=True)


def _restore(interface: str, originals: dict[str, str]) -> None:
    for name, value in originals.items():
        # The interface may be gone.  A value that was changed since then stays.
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
    """Return the original values of the settings that ucarpd has changed."""
    lines = os.pread(descriptor, 4096, 0).decode("ascii", "replace").splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, _, value in pairs if name in _OURS and value.isdecimal()}


def _write(descriptor: int, values: dict[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in values.items()).encode()
    # If the process dies in between, the file has the new text, and at worst a part of an old line.
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))
