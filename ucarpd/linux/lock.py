"""Locks that keep two processes from running the same instance, or the same virtual host.

However its holder ends, the kernel releases the lock.  A lock file without a holder proves nothing.
"""

import fcntl
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ucarpd.linux.namespace import network_namespace, process_namespace
from ucarpd.linux.run_directory import is_still_at, private_directory, private_path

_FIRST_PROCESS_NAMESPACE = 0xEFFFFFFC
"""That of the machine itself, in which all others are; see proc_ns.h of Linux."""


class AlreadyRunning(Exception):
    """Another process runs this instance or virtual host; the message names that process.

    `path` is its configuration file; empty if that is unknown, or if it is `clear`.
    """

    def __init__(self, text: str, path: str = "") -> None:
        super().__init__(text)
        self.path = path


class BeingCleared(AlreadyRunning):
    """`ucarpd clear` is about to end the work of a dead process; the instance can start afterwards."""


class InstanceLock:
    """The locks of an instance, held from construction to `release` or to the end of the process.

    One lock is for the name of the instance, the other for its vhid on its interface in this
    network namespace.  The constructor raises AlreadyRunning.  If a lock cannot be made, `fault`
    says why, and the instance runs without it: an unserved address is worse than an unnoticed
    second start.  `path` is the file that the process runs; `clear` has none.
    """

    def __init__(
        self, name: str, directory: Path, interface: str, vhid: int, path: Path | None
    ) -> None:
        self.fault: OSError | None = None
        self._directory = directory
        self._path = path
        self._held: dict[str, int] = {}
        self._whose = {f"{name}.lock": name}
        try:
            of_vhid = f"{virtual_host(interface, vhid)}.vhid"
            self._whose[of_vhid] = f"{name}: vhid {vhid} on {interface}"
            _refuse_beside_former_version(name, directory)
            self.renew()
        except OSError as error:
            self.fault = error
        except AlreadyRunning:
            self.release()
            raise

    @property
    def files(self) -> frozenset[str]:
        """The names of the files in the private directory."""
        return frozenset(self._whose)

    def renew(self) -> None:
        """Take the locks whose files are missing, for example because the directory was removed.

        Raises OSError, and AlreadyRunning if another process has taken one meanwhile.
        """
        private = private_directory(self._directory)
        for file, whose in self._whose.items():
            held = self._held.get(file)
            if held is None or not is_still_at(f"{private}/{file}", held):
                self._take(f"{private}/{file}", whose)
                if held is not None:
                    unlock(held)

    def lost(self) -> set[str]:
        """Return which files were removed, or are another process's by now.  Raises OSError."""
        private = private_path(self._directory)
        # The instance may stop meanwhile.
        held = list(self._held.items())
        return {file for file, each in held if not is_still_at(f"{private}/{file}", each)}

    def _take(self, lock: str, whose: str) -> None:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            is_free = _is_free(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        if not is_free:
            pid, path = _noted(descriptor)
            os.close(descriptor)
            if pid and not path:
                raise BeingCleared(f"{whose} is being cleared by process {pid}")
            holder = f"process {pid or 'unknown'} ({path or 'unknown file'})"
            raise AlreadyRunning(f"{whose} is already run by {holder}", path)
        self._held[lock.rpartition("/")[2]] = descriptor
        with suppress(OSError):  # A second start is still refused, but cannot name this process.
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, os.fsencode(f"{os.getpid()} {self._path or ''}\n"), 0)

    def release(self) -> None:
        for descriptor in self._held.values():
            unlock(descriptor)
        self._held.clear()


def virtual_host(interface: str, vhid: int) -> str:
    """Return the name of a virtual host in this network namespace, as in `holders`.  Raises OSError."""
    return f"{network_namespace()}-{interface}-{vhid}"


def unlock(descriptor: int) -> None:
    """Release a lock by flock(2), and close its file."""
    # A child that has not executed its script yet has a copy of the descriptor, so closing ours
    # would not release the lock.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    """Take the lock, and return whether that succeeded: False if another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted(descriptor: int) -> tuple[str, str]:
    """Return the process id and the configuration file that the holder wrote into its lock."""
    pid, _, path = os.pread(descriptor, 8192, 0).decode(errors="replace").strip().partition(" ")
    return pid, path


def _refuse_beside_former_version(name: str, directory: Path) -> None:
    """Raise AlreadyRunning if a process of ucarpd 0.1 runs the instance.

    The lock of 0.1 is in the run directory, where any user can take it, so the lock alone proves
    nothing: the process that it names must also belong to our user.
    """
    try:
        descriptor = os.open(f"{directory}/{name}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        pid = _noted(descriptor)[0]
        if not _is_free(descriptor) and pid.isdecimal() and _is_ours(pid):
            raise AlreadyRunning(f"{name} is already run by process {pid} (ucarpd 0.1)")
    finally:
        os.close(descriptor)


def _is_ours(pid: str) -> bool:
    try:
        return Path("/proc", pid).stat().st_uid == os.geteuid()
    except FileNotFoundError:
        return False


def held(names: Collection[str], directory: Path) -> set[str]:
    """Return which of these instances a process runs, without touching a lock.

    All of them if that cannot be found out.
    """
    try:
        private, inodes = private_path(directory), {inode for _, inode in _locked()}
        return {name for name in names if _inode(private / f"{name}.lock") in inodes}
    except OSError:
        return set(names)


def held_elsewhere(names: Collection[str], directory: Path) -> set[str]:
    """Return which of these instances another process runs, or may run in a container.

    The kernel lists only the locks of this process namespace and of those in it.  To try a lock
    would refuse an instance that starts at that moment.
    """
    pids: dict[int, set[str]] = {}
    try:
        for pid, inode in _listed_twice():
            pids.setdefault(inode, set()).add(pid)
        private = private_path(directory)
        by = {name: pids.get(_inode(private / f"{name}.lock") or 0, set()) for name in names}
    except OSError:
        return set(names)
    are_all_listed = process_namespace() == _FIRST_PROCESS_NAMESPACE
    return {
        name
        for name, its in by.items()
        if str(os.getpid()) not in its and (its or not are_all_listed)
    }


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def holders(directory: Path, suffix: str = ".lock") -> dict[str, tuple[int, Path]]:
    """Return process and configuration file of each instance that a process runs.

    The keys are the names of the locks without the suffix: instances, or for `.vhid` virtual hosts.
    It touches no lock.  Empty if this user cannot look.  `clear` does not count.
    """
    found = {}
    try:
        locked = _listed_twice()
        for lock in private_path(directory).glob(f"*{suffix}"):
            try:
                descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # Its instance has just stopped.
            try:
                pid, path = _noted(descriptor)
                if path and (pid, os.fstat(descriptor).st_ino) in locked:
                    found[lock.stem] = (int(pid), Path(path))
            finally:
                os.close(descriptor)
    except OSError:
        return {}
    return found


def _listed_twice() -> set[tuple[str, int]]:
    """One reading passes over a lock if locks before it go meanwhile."""
    return _locked() | _locked()


def _locked() -> set[tuple[str, int]]:
    """Return process id and inode of each lock, on any file system.

    Another file system, such as a container's, may have a locked file with the same inode.
    """
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    locks = (line.partition("FLOCK")[2].split() for line in lines if "FLOCK" in line)
    return {(pid, int(place.rpartition(":")[2])) for _, _, pid, place, *_ in locks}
