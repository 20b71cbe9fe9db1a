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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ucarpd.linux import sysctl
from ucarpd.linux.address_table import AddressTable, Entry
from ucarpd.linux.lock import AlreadyRunning, InstanceLock
from ucarpd.linux.packet_out import PacketOut
from ucarpd.linux.run_directory import run_directory
from ucarpd.record.record import Content, Packet, read, read_all

_SPACING = 0.05
"""Seconds between the two bow-outs, as between those of a process that lives."""

_HUNG = {"watchdog", "timeout"}
"""What systemd says of a process that it has killed because it hung: its role has gone already."""


class Cleared(NamedTuple):
    """One instance, its addresses off; `lock` is held for what is still to be done.

    `found` are the addresses that were there, `error` is what kept one of them there.
    """

    content: Content
    lock: InstanceLock
    found: list[str]
    bowed_out: bool
    error: OSError | None


class Outcome(NamedTuple):
    """`left_alone` has a sentence for each instance that is running."""

    cleared: list[Cleared]
    left_alone: list[str]


def clear(
    paths: Sequence[str],
    packet_out: PacketOut,
    environ: Mapping[str, str] = os.environ,
    open_table: Callable[[], AddressTable] = AddressTable,
) -> Outcome:
    """Take the addresses of every instance of these paths off, unless it runs, and bow out for it.

    An instance with UCARP_SHUTDOWN=no keeps them: its operator has asked for that.  Raises
    PermissionError if the records may not be read.
    """
    outcome = Outcome([], [])
    is_hung = environ.get("SERVICE_RESULT") in _HUNG
    for content in _of_paths(paths, run_directory()):
        try:
            cleared = _clear_one(content, None if is_hung else packet_out, open_table)
        except AlreadyRunning as error:
            outcome.left_alone.append(str(error))
        else:
            if cleared is not None:
                outcome.cleared.append(cleared)
    _repeat(outcome.cleared, packet_out)
    return outcome


def _clear_one(
    content: Content, packet_out: PacketOut | None, open_table: Callable[[], AddressTable]
) -> Cleared | None:
    """Raises AlreadyRunning; None if its record has changed before it was locked."""
    directory = run_directory()
    path = Path(content.path)
    lock = InstanceLock(content.instance, directory, content.interface, content.vhid, path)
    recorded = read(content.instance, directory)
    if recorded is None or not recorded.is_left_over or recorded.content != content:
        lock.release()
        return None
    found, error = _take_off(content, open_table)
    bowed_out = (
        packet_out is not None
        and error is None
        and recorded.is_recent(time.monotonic())
        and _send(content, 0, packet_out)
    )
    return Cleared(content, lock, found, bowed_out, error)


def _of_paths(paths: Sequence[str], directory: Path) -> Iterator[Content]:
    """What these files, or all files in these directories, have left; the paths may be gone."""
    records = [each.content for each in read_all(directory) if each.is_left_over]
    wanted = {os.path.abspath(path) for path in paths}  # noqa: PTH100 - removes `..`, keeps links
    names = {_instance(path) for path in wanted if not Path(path).is_dir()}
    for content in records:
        path = Path(os.path.abspath(content.path))  # noqa: PTH100
        if content.instance in names or str(path.parent) in wanted:
            yield content


def _instance(path: str) -> str:
    return Path(path).name.removesuffix(".conf")


# -- the addresses ---------------------------------------------------------------------------------------


def _take_off(
    content: Content, open_table: Callable[[], AddressTable]
) -> tuple[list[str], OSError | None]:
    """Remove what the record names from its device; return what was there, and the first error.

    An address that is there with another prefix length is ours all the same.
    """
    try:
        index = socket.if_nametoindex(content.device)
    except OSError:
        return [], None  # Addresses go with their interface.
    ours = {_packed(address.ip): address.ip for address in content.addresses}
    table = open_table()
    try:
        # Read ahead of the addresses: an instance that has taken its own off removes its record.
        virtual = ours.keys() | _virtual_addresses_of_others(content.instance)
        before = table.of(index)
        there = [entry for entry in before if entry.ip in ours]
        error = _remove(table, content.device, there) if there else None
        _put_back(table, index, [entry for entry in before if entry.ip not in virtual])
    except OSError as failure:
        return [], failure
    finally:
        table.close()
    return [ours[entry.ip] for entry in there], error


def _remove(table: AddressTable, device: str, entries: Sequence[Entry]) -> OSError | None:
    """Remove all that can be removed; return the first error."""
    first_error = None
    with _secondaries_promoted(device):
        for entry in entries:
            try:
                table.remove(entry)
            except OSError as error:
                first_error = first_error or error
    return first_error


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


def _virtual_addresses_of_others(instance: str) -> set[bytes]:
    """Those that another daemon puts back itself, or is just taking off, or has left behind."""
    records = [each for each in read_all(run_directory()) if each.is_left_over]
    others = [each.content for each in records if each.content.instance != instance]
    return {_packed(address.ip) for content in others for address in content.addresses}


def _packed(ip: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


# -- the bow-out -----------------------------------------------------------------------------------------


def _repeat(cleared: Sequence[Cleared], packet_out: PacketOut) -> None:
    """Send the second copy of what was sent: a lost bow-out costs the clients seconds."""
    bowed_out = [each.content for each in cleared if each.bowed_out]
    if bowed_out:
        time.sleep(_SPACING)
    for content in bowed_out:
        for copy in range(1, len(content.bow_outs)):
            _send(content, copy, packet_out)


def _send(content: Content, copy: int, packet_out: PacketOut) -> bool:
    """Send one bow-out to all peers; whether any of its packets got out."""
    sent = [_is_sent(content.interface, each, packet_out) for each in content.bow_outs[copy]]
    return any(sent)


def _is_sent(interface: str, packet: Packet, packet_out: PacketOut) -> bool:
    try:
        if packet.destination is None:
            packet_out.send_frame(interface, packet.data)
        else:
            packet_out.send_packet(interface, packet.data, packet.destination)
    except OSError:
        return False  # The interface is down, or a peer is out of reach; it takes over by itself.
    return True
