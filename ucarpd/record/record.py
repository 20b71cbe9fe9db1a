"""What an instance has put on this host, kept for the time after a crash.

`ucarpd clear` and the next start go by it, never by the configuration file: that may have been
edited or removed since.  A record is two files in the private directory.  NAME.record says what the
instance puts where, and how to bow out for it; it is written before anything is put there.  NAME.live
is memory that outlives the process: whether something is there now, and when the master last
advertised.  Writing to it takes no system call, no space and no time.

`clear` starts with this module, so it imports little.
"""

import json
import mmap
import os
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.run_directory import private_directory, private_path, replace_file

_VERSION = 1
"""Of the format of NAME.record.  A record of another version says nothing."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_LIVE_SIZE = mmap.PAGESIZE
_LIVE = struct.Struct("=BB6xd")
"""Whether something is placed, whether it is handed over, and the last advertisement."""
_PLACED_AT = 0
_SECONDS = struct.Struct("=d")
_LAST_AT = 8


class Address(NamedTuple):
    """A virtual address as the instance puts it on its device."""

    ip: str
    prefixlen: int
    label: str | None


class Script(NamedTuple):
    """The down-script, ready to be run; `timeout` in seconds, 0 for none."""

    path: str
    arguments: list[str]
    environment: dict[str, str]
    timeout: float


class Packet(NamedTuple):
    """A frame for the group, or an IP packet (`data`) for one peer."""

    data: bytes
    destination: str | None


class Content(NamedTuple):
    """What NAME.record says.  `interval` is the seconds between two advertisements of the master.

    `bow_outs` are the advertisements that tell the peers to take over, each with its packets.
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


class Recorded(NamedTuple):
    """A record as found.  `last` is the CLOCK_MONOTONIC second of the last advertisement that left
    as MASTER, 0 for none.  `handed_over` is for an instance that leaves its addresses to the next.
    """

    content: Content
    pid: int
    placed: bool
    handed_over: bool
    last: float

    @property
    def is_left_over(self) -> bool:
        """Whether something may be there that must go when the process has died."""
        return self.placed and self.content.release_on_stop

    def is_recent(self, now: float) -> bool:
        """Whether the peers still wait for this master at monotonic second `now`."""
        return 0 <= now - self.last < 2 * self.content.interval


class Record:
    """The record of a running instance.

    Keeps what an earlier run has left in it until `forget` and `write`: `read` it first.  If the
    files cannot be made, `fault` says why, and the record lives in memory only.
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
        """Note in this memory what has been noted, and what is to come."""
        live[: _LIVE.size] = self._live[: _LIVE.size]
        self.close()
        self._live, self._path = live, path

    def write(self, content: Content) -> None:
        """Replace what the record says.  Blocks; raises OSError."""
        if self._path is None:
            return
        replace_file(self._path, _encode(content))

    @property
    def placed(self) -> bool:
        """Whether an address, or the work of an up-script, may be there."""
        return bool(self._live[_PLACED_AT])

    @placed.setter
    def placed(self, value: bool) -> None:
        self._live[_PLACED_AT] = value

    def advertised(self, now: float) -> None:
        """Note that an advertisement left as MASTER at monotonic second `now`."""
        _SECONDS.pack_into(self._live, _LAST_AT, now)

    def forget(self) -> None:
        """Note that nothing of ours is there, and that there is nothing to bow out of."""
        self._live[: _LIVE.size] = bytes(_LIVE.size)

    def close(self) -> None:
        """Leave the files as they are; what is noted later goes nowhere."""
        if isinstance(self._live, mmap.mmap):
            self._live.close()
        self._live = bytearray(_LIVE.size)
        self._path = None

    def remove(self) -> None:
        """Close it, and remove the files.  It takes no memory, descriptor or space."""
        path = self._path
        self.close()
        if path is not None:
            path.unlink(missing_ok=True)
            path.with_suffix(".live").unlink(missing_ok=True)


def read(name: str, directory: Path) -> Recorded | None:
    """Return the record of an instance.  Raises OSError if it may not be read.

    None if there is none, none that can be understood, or one of another network namespace or of
    before the last boot.
    """
    path = private_path(directory) / f"{name}.record"
    try:
        status = path.stat()
        text = _text_of(path, status.st_ino, status.st_mtime_ns)
        live = path.with_suffix(".live").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _recorded(text, live)


def read_all(directory: Path) -> list[Recorded]:
    """Return the records of all instances, by name; one that is damaged is none.

    Raises PermissionError if they may not be read.
    """
    try:
        files = os.listdir(private_path(directory))  # noqa: PTH208 - only the names are needed
    except (FileNotFoundError, NotADirectoryError):
        return []
    names = sorted(file.removesuffix(".record") for file in files if file.endswith(".record"))
    return [found for name in names if (found := _undamaged(name, directory))]


def _undamaged(name: str, directory: Path) -> Recorded | None:
    try:
        return read(name, directory)
    except PermissionError:
        raise
    except OSError:
        return None  # The others are not to suffer; its own instance tells of the fault.


def others(directory: Path) -> list[Recorded]:
    """Return the records of the instances that other processes run.  Raises OSError.

    It is cheap: a file that has not changed is not read again.
    """
    return [each for each in read_all(directory) if each.pid != os.getpid() and _runs(each.pid)]


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # On a full file system a write to memory without a page behind it would kill us (SIGBUS).
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
        "version": _VERSION,
        "pid": os.getpid(),
        "boot": boot_id(),
        "namespace": network_namespace(),
    }
    return json.dumps(said, indent=1).encode()


def _recorded(text: bytes, live: bytes) -> Recorded | None:
    try:
        said: dict[str, Any] = json.loads(text)
        here = said.pop("version"), said.pop("boot"), said.pop("namespace")
        if here != (_VERSION, boot_id(), network_namespace()):
            return None
        pid = int(said.pop("pid"))
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
        placed, handed_over, last = _LIVE.unpack_from(live)
    except (ValueError, TypeError, KeyError, AttributeError, struct.error):
        return None
    return Recorded(content, pid, bool(placed), bool(handed_over), last)


@lru_cache(1024)
def _text_of(path: Path, _inode: int, _changed: int) -> bytes:
    """Every change makes another inode or time of change, and so another entry in the cache."""
    return path.read_bytes()


def boot_id() -> str:
    """Return what tells one boot of this machine from another."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


def _runs(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()
