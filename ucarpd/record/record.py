"""The record of an instance: its addresses on this host, kept for the time after a crash.

`ucarpd clear` and the next start use the record, never the configuration file, which may have been
edited or removed since.  A record is two files in the private directory.  NAME.record has the
addresses and their device, and the packets of the bow-out; it is written before the first address
is added.  NAME.live is memory that outlives the process: whether addresses are in place now, and
when the master last advertised.  Writing to it needs no system call, no disk space and no time.

`clear` loads this module first, so it imports little.
"""

import json
import mmap
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ucarpd.linux.namespace import network_namespace, process_namespace
from ucarpd.linux.run_directory import private_directory, private_path, replace_file

_VERSION = 1
"""Version of the format of NAME.record.  Records of other versions are ignored."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_LIVE_SIZE = mmap.PAGESIZE
_LIVE = struct.Struct("=B7xd")
"""Flag: addresses are in place; time of the last advertisement."""
_PLACED_AT = 0
_SECONDS = struct.Struct("=d")
_LAST_AT = 8


class Address(NamedTuple):
    """A virtual address in the form in which the instance adds it to its device."""

    ip: str
    prefixlen: int
    label: str | None


class Script(NamedTuple):
    """A complete call of the down-script; `timeout` is in seconds, 0 for none."""

    path: str
    arguments: list[str]
    environment: dict[str, str]
    timeout: float


class Packet(NamedTuple):
    """A frame for the group, or an IP packet (`data`) for one peer."""

    data: bytes
    destination: str | None


class Content(NamedTuple):
    """The content of NAME.record.  `interval` is the master's advertisement interval in seconds.

    `bow_outs` are the advertisements that make the peers take over, each with its packets.  `units` and
    `routes`, in the words of the file, must not outlive the role; records of 0.2.0 have none.
    """

    instance: str
    path: str
    interface: str
    vhid: int
    device: str
    virtual_mac: bool
    facility: str
    addresses: list[Address]
    down_script: Script | None
    release_on_stop: bool
    interval: float
    bow_outs: list[list[Packet]]
    units: Sequence[str] = ()
    routes: str = ""


class Recorded(NamedTuple):
    """A record that was read.

    `last` is the CLOCK_MONOTONIC time in seconds of the last advertisement as MASTER, 0 for none.
    """

    content: Content
    pid: int
    placed: bool
    last: float

    @property
    def is_left_over(self) -> bool:
        """Whether something may be in place that must go when the process has died.

        A virtual MAC device is there, and the ARP settings of its interface are changed, on a backup too.
        """
        return (self.placed or self.content.virtual_mac) and self.content.release_on_stop

    def is_recent(self, now: float) -> bool:
        """Return whether the peers still wait for this master at monotonic second `now`."""
        return 0 <= now - self.last < 2 * self.content.interval


class Record:
    """The record of a running instance.

    Until `write`, it keeps the content that an earlier run has left: `read` it first.
    If the files cannot be made, `fault` says why, and the record exists only in memory.
    """

    def __init__(self, name: str, directory: Path) -> None:
        self.fault: OSError | None = None
        self._name = name
        self._directory = directory
        self._path: Path | None = None
        self._live: mmap.mmap | bytearray = bytearray(_LIVE.size)
        try:
            self._live, self._path = self.make_live()
        except OSError as error:
            self.fault = error

    @property
    def files(self) -> frozenset[str]:
        """The names of the files in the private directory."""
        return frozenset({f"{self._name}.record", f"{self._name}.live"})

    def make_live(self) -> tuple[mmap.mmap, Path]:
        """Make NAME.live if it has been removed, for `use_live`.  Blocks; raises OSError."""
        private = private_directory(self._directory)
        return _map(private / f"{self._name}.live"), private / f"{self._name}.record"

    def use_live(self, live: mmap.mmap, path: Path) -> None:
        """Copy the live notes to this memory, and use it instead."""
        live[: _LIVE.size] = self._live[: _LIVE.size]
        self.close()
        self._live, self._path = live, path

    def write(self, content: Content) -> None:
        """Replace the content of the record.  Blocks; raises OSError."""
        if self._path is None:
            return
        replace_file(self._path, _encode(content))

    @property
    def placed(self) -> bool:
        """Whether an address, or the work of an up-script, may be in place."""
        return bool(self._live[_PLACED_AT])

    @placed.setter
    def placed(self, value: bool) -> None:
        self._live[_PLACED_AT] = value

    def advertised(self, now: float) -> None:
        """Note that an advertisement left as MASTER at monotonic second `now`."""
        _SECONDS.pack_into(self._live, _LAST_AT, now)

    def close(self) -> None:
        """Leave the files unchanged; later notes are lost."""
        if isinstance(self._live, mmap.mmap):
            self._live.close()
        self._live = bytearray(_LIVE.size)
        self._path = None

    def remove(self) -> None:
        """Close the record and remove its files; this needs no memory, descriptor or disk space."""
        path = self._path
        self.close()
        if path is not None:
            path.unlink(missing_ok=True)
            path.with_suffix(".live").unlink(missing_ok=True)


def read(name: str, directory: Path) -> Recorded | None:
    """Return the record of an instance.  Raises OSError if it may not be read.

    None if there is no record, or if it is damaged, from another network namespace, or from before
    the last boot.
    """
    path = private_path(directory) / f"{name}.record"
    try:
        written = written_in(path)
        live = path.with_suffix(".live").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if written is None or written.here != here() or len(live) < _LIVE.size:
        return None
    placed, last = _LIVE.unpack_from(live)
    content = written.content
    with suppress(OSError):
        # The device may have been renamed; its addresses are still on it.
        content = content._replace(device=socket.if_indextoname(written.device_index))
    return Recorded(content, written.pid, bool(placed), last)


def read_all(directory: Path) -> list[Recorded]:
    """Return the undamaged records of all instances, sorted by name.

    Raises PermissionError if they may not be read.
    """
    names = (path.stem for path in paths(directory))
    return [found for name in names if (found := _undamaged(name, directory))]


def paths(directory: Path) -> list[Path]:
    """Return the NAME.record files of this run directory."""
    private = private_path(directory)
    try:
        files = os.listdir(private)  # noqa: PTH208 - only the names are needed
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [private / file for file in sorted(files) if file.endswith(".record")]


def _undamaged(name: str, directory: Path) -> Recorded | None:
    try:
        return read(name, directory)
    except OSError:
        return None  # Other records stay usable; the instance itself reports the fault.


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # If the file system is full, writing to mapped memory without space would kill the process
        # (SIGBUS).
        os.posix_fallocate(descriptor, 0, _LIVE_SIZE)
        return mmap.mmap(descriptor, _LIVE_SIZE)
    finally:
        os.close(descriptor)


def _encode(content: Content) -> bytes:
    said = content._asdict() | {
        "bow_outs": [
            [[packet.data.hex(), packet.destination] for packet in each]
            for each in content.bow_outs
        ],
        **dict(zip(_PLACE, here(), strict=True)),
        "device_index": _index(content.device),
        "pid": os.getpid(),
        "pid_namespace": process_namespace(),
    }
    return json.dumps(said).encode()


def _index(device: str) -> int:
    try:
        return socket.if_nametoindex(device)
    except OSError:
        return 0


class Written(NamedTuple):
    """The content of a file, and the place where it was written, as in `here`.

    A process of another `pid_namespace` cannot be seen; records of 0.2.0 have none.  `device_index` is
    that of the device when the record was written; 0 if it did not exist, and in records of 0.2.0.
    """

    here: tuple[object, ...]
    pid: int
    pid_namespace: int | None
    device_index: int
    content: Content


def written_in(path: Path) -> Written | None:
    """Return the content of the file, or None if it is damaged.  Raises OSError."""
    status = path.stat()
    version = status.st_ino, status.st_mtime_ns
    last = _last_read.get(path)
    if last is None or last[0] != version:
        last = _last_read[path] = version, _decoded(path)
    return last[1]


_last_read: dict[Path, tuple[tuple[int, int], Written | None]] = {}
"""What each file said, with its inode and time, which differ after a change."""


def _decoded(path: Path) -> Written | None:
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        here = tuple(said.pop(each) for each in _PLACE)
        pid = int(said.pop("pid"))
        pid_namespace = said.pop("pid_namespace", None)
        device_index = int(said.pop("device_index", 0))
        script = said.pop("down_script")
        content = Content(
            addresses=[Address(*each) for each in said.pop("addresses")],
            down_script=Script(*script) if script else None,
            bow_outs=[
                [Packet(bytes.fromhex(data), destination) for data, destination in each]
                for each in said.pop("bow_outs")
            ],
            **said,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return Written(here, pid, pid_namespace, device_index, content)


_PLACE = ("version", "boot", "namespace")


def here() -> tuple[object, ...]:
    """Return the version of the format, the boot and the network namespace that a usable record has."""
    return _VERSION, boot_id(), network_namespace()


@cache
def boot_id() -> str:
    """Return the identifier of the current boot of this machine."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
