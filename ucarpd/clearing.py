"""Takes away what a process that died has left: its virtual addresses, and then its role.

It goes by the record alone: what that does not name is not ours.  systemd calls it after the end of a
service, whatever the end was.  The next start would do the same, but a host whose daemon stays dead
must not go on answering beside its successor.

Each millisecond until the bow-out is one in which nobody answers, so this module imports little, and
leaves to `leftovers` what can wait.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ucarpd.linux import sysctl
from ucarpd.linux.address_table import AddressTable, Entry
from ucarpd.linux.packet_out import send_frame, send_packet
from ucarpd.lock import AlreadyRunning, InstanceLock
from ucarpd.private import run_directory
from ucarpd.record import Content, Packet, Recorded, read, read_all

_SPACING = 0.05
"""Seconds between the two bow-outs, as between those of a process that lives."""

_HUNG = {"watchdog", "timeout"}
"""What systemd says of a process that it has killed because it hung: its role has gone already."""


class Cleared(NamedTuple):
    """One instance, its addresses off; `lock` is held for what is still to be done.

    `removed` are the addresses that were there, `error` is what kept one of them there.
    """

    content: Content
    lock: InstanceLock
    removed: list[str]
    bowed_out: bool
    error: OSError | None


class Outcome(NamedTuple):
    """`left_alone` has a sentence for each instance that is running."""

    cleared: list[Cleared]
    left_alone: list[str]


def clear(paths: Sequence[str], environ: Mapping[str, str] = os.environ) -> Outcome:
    """Take the addresses of every instance of these paths off, unless it runs, and bow out for it.

    An instance with UCARP_SHUTDOWN=no keeps them: its operator has asked for that.
    """
    outcome = Outcome([], [])
    is_hung = environ.get("SERVICE_RESULT") in _HUNG
    for recorded in _of_paths(paths, run_directory()):
        content = recorded.content
        if not (recorded.placed and content.release_on_stop):
            continue
        try:
            lock = _lock(content)
        except AlreadyRunning as by_another:
            outcome.left_alone.append(str(by_another))
            continue
        removed, error = _take_off(content)
        bow_out = error is None and not is_hung and recorded.is_recent(time.monotonic())
        is_sent = bow_out and _send(content, 0)
        outcome.cleared.append(Cleared(content, lock, removed, is_sent, error))
    _repeat(outcome.cleared)
    return outcome


def _lock(content: Content) -> InstanceLock:
    path = Path(content.path)
    return InstanceLock(content.instance, run_directory(), content.interface, content.vhid, path)


def _of_paths(paths: Sequence[str], directory: Path) -> Iterator[Recorded]:
    """The records of these files, and of all files in these directories; the paths may be gone."""
    seen = set()
    for path in map(os.path.abspath, paths):
        name = os.path.basename(path).removesuffix(".conf")  # noqa: PTH119 - of a str
        named = None if os.path.isdir(path) else read(name, directory)  # noqa: PTH112
        within = (
            each
            for each in read_all(directory)
            if os.path.dirname(os.path.abspath(each.content.path)) == path  # noqa: PTH100, PTH120
        )
        for each in (named, *within):
            if each is not None and each.content.instance not in seen:
                seen.add(each.content.instance)
                yield each


# -- the addresses ---------------------------------------------------------------------------------------


def _take_off(content: Content) -> tuple[list[str], OSError | None]:
    """Remove what the record names from its device; return what was there, and the first error."""
    try:
        index = socket.if_nametoindex(content.device)
    except OSError:
        return [], None  # Addresses go with their interface.
    ours = {_packed(address.ip): address.ip for address in content.addresses}
    removed, first_error = list[str](), None
    table = AddressTable()
    try:
        before = table.of(index)
        with _secondaries_promoted(content.device):
            for entry in before:
                if entry.ip in ours:
                    try:
                        table.remove(entry)
                        removed.append(ours[entry.ip])
                    except OSError as error:
                        first_error = first_error or error
        _put_back(table, index, [entry for entry in before if entry.ip not in ours])
    except OSError as error:
        first_error = first_error or error
    finally:
        table.close()
    return removed, first_error


@contextmanager
def _secondaries_promoted(device: str) -> Iterator[None]:
    """The kernel takes the secondaries of a primary along, unless this setting says otherwise."""
    before = ""
    with suppress(OSError):  # Not to be read, or set, in a container: _put_back is for that.
        before = sysctl.get(device, 4, "promote_secondaries")
        sysctl.set(device, 4, "promote_secondaries", "1")
    try:
        yield
    finally:
        if before == "0":
            with suppress(OSError):
                sysctl.set(device, 4, "promote_secondaries", before)


def _put_back(table: AddressTable, index: int, foreign: Sequence[Entry]) -> None:
    """Add those that the kernel has taken along."""
    if not foreign:
        return
    there = {entry.identity for entry in table.of(index)}
    for entry in foreign:
        if entry.identity not in there:
            table.put_back(entry)


def _packed(ip: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


# -- the bow-out -----------------------------------------------------------------------------------------


def _repeat(cleared: Sequence[Cleared]) -> None:
    """Send the second copy of what was sent: a lost bow-out costs the clients seconds."""
    bowed_out = [each for each in cleared if each.bowed_out]
    if bowed_out:
        time.sleep(_SPACING)
    for each in bowed_out:
        for copy in range(1, len(each.content.bow_outs)):
            _send(each.content, copy)


def _send(content: Content, copy: int) -> bool:
    """Send one bow-out to all peers; whether any of its packets got out."""
    sent = [_send_packet(content.interface, each) for each in content.bow_outs[copy]]
    return any(sent)


def _send_packet(interface: str, packet: Packet) -> bool:
    try:
        if packet.destination is None:
            send_frame(interface, packet.data)
        else:
            send_packet(interface, packet.data, packet.destination)
    except OSError:
        return (
            False  # The interface is down, or a peer is out of reach: they take over by themselves.
        )
    return True
