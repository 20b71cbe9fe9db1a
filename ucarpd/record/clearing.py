"""Clearing up after a dead process: removing its virtual addresses, and handing over its role.

Only the record counts: other addresses are not ours.  systemd runs this after the end of a service,
however it ended.  The next start would do the same, but if the daemon stays dead, its host must not
keep answering beside the new master.

Until the bow-out no host answers, and each millisecond counts.  So this module imports little, and
leaves slower work to `leftovers`.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ucarpd.linux import sysctl
from ucarpd.linux.address_table import AddressTable, Entry
from ucarpd.linux.lock import AlreadyRunning, InstanceLock
from ucarpd.linux.packet_out import PacketOut
from ucarpd.linux.run_directory import run_directory
from ucarpd.linux.served import Served
from ucarpd.record.record import Content, Packet, read, read_all

_SPACING = 0.05
"""Seconds between the two bow-outs, as in a running process."""

_HUNG = {"watchdog", "timeout"}
"""SERVICE_RESULT of a process that systemd killed because it hung: its role has already moved."""


class Cleared(NamedTuple):
    """One instance without its addresses; `lock` is still held for the remaining work.

    `found` are the addresses that were in place; `error` says why an address still is, or is None.
    """

    content: Content
    lock: InstanceLock
    found: list[str]
    bowed_out: bool
    error: OSError | None


class Outcome(NamedTuple):
    """The result of `clear`; `left_alone` has a sentence for each running instance."""

    cleared: list[Cleared]
    left_alone: list[str]


def clear(
    paths: Sequence[str],
    packet_out: PacketOut,
    environ: Mapping[str, str] = os.environ,
    open_table: Callable[[], AddressTable] = AddressTable,
) -> Outcome:
    """Remove the addresses of every instance in these paths that is not running, and bow out.

    An instance with UCARP_SHUTDOWN=no keeps its addresses, as configured.  Raises PermissionError
    if the records may not be read.
    """
    outcome = Outcome([], [])
    is_hung = environ.get("SERVICE_RESULT") in _HUNG
    # The records are read first, because an instance without addresses removes its record.
    left_over = [each for each in read_all(run_directory()) if each.is_left_over]
    # The peers wait for the bow-outs of masters, which have placed addresses.
    records = [each.content for each in sorted(left_over, key=lambda each: not each.placed)]
    virtual = {_packed(address.ip) for content in records for address in content.addresses}
    for content in _of_paths(paths, records):
        try:
            cleared = _clear_one(content, virtual, None if is_hung else packet_out, open_table)
        except AlreadyRunning as error:
            outcome.left_alone.append(str(error))
        else:
            if cleared is not None:
                outcome.cleared.append(cleared)
    _repeat(outcome.cleared, packet_out)
    return outcome


def _clear_one(
    content: Content,
    virtual: Set[bytes],
    packet_out: PacketOut | None,
    open_table: Callable[[], AddressTable],
) -> Cleared | None:
    """Clear one instance; return None if its record changed before the lock.

    Raises AlreadyRunning.
    """
    directory = run_directory()
    lock = InstanceLock(content.instance, directory, content.interface, content.vhid, None)
    recorded = read(content.instance, directory)
    if recorded is None or not recorded.is_left_over or recorded.content != content:
        lock.release()
        return None
    if not recorded.placed:
        # A backup has left only its device, even if it was master a moment ago.
        device = content._replace(routes="", units=(), down_script=None)
        return Cleared(device, lock, [], False, None)
    found, error = _take_off(content, virtual, open_table)
    bowed_out = (
        packet_out is not None
        and error is None
        and recorded.is_recent(time.monotonic())
        and _send(content, 0, packet_out)
    )
    return Cleared(content, lock, found, bowed_out, error)


def _of_paths(paths: Sequence[str], records: Sequence[Content]) -> Iterator[Content]:
    """Yield the records of these files or directories, which need not exist any longer."""
    wanted = {os.path.abspath(path) for path in paths}  # noqa: PTH100 - removes `..`, keeps links
    names = {Path(p).name.removesuffix(".conf") for p in wanted if not Path(p).is_dir()}
    for content in records:
        path = Path(os.path.abspath(content.path))  # noqa: PTH100
        if content.instance in names or str(path.parent) in wanted:
            yield content


# -- the addresses ---------------------------------------------------------------------------------


def _take_off(
    content: Content, virtual: Set[bytes], open_table: Callable[[], AddressTable]
) -> tuple[list[str], OSError | None]:
    """Remove the recorded addresses from their device; return those found, and the first error.

    The prefix length of an address does not matter.  The processes of other instances handle their
    own `virtual` addresses, and what one of them serves stays.
    """
    try:
        index = socket.if_nametoindex(content.device)
    except OSError:
        return [], None  # The addresses are gone with their interface.
    ours = {_packed(address.ip): address.ip for address in content.addresses}
    try:
        with closing(open_table()) as table, closing(Served(run_directory())) as served:
            before = table.of(index)
            there = [
                entry
                for entry in before
                if entry.ip in ours and served.by_another(content.device, entry.ip) is None
            ]
            ipv4 = [each for each in before if each.is_ipv4]
            are_last = bool(ipv4) and all(each.ip in ours for each in ipv4)
            error = _remove(table, content.device, there, are_last=are_last) if there else None
            _put_back(table, index, [entry for entry in before if entry.ip not in virtual])
    except OSError as failure:
        return [], failure
    return [ours[entry.ip] for entry in there], error


def _remove(
    table: AddressTable, device: str, entries: Sequence[Entry], *, are_last: bool
) -> OSError | None:
    """Remove as many addresses as possible; return the first error.

    `are_last`: the interface has no other IPv4 address, and would lose its routes with them.
    """
    errors = []

    def remove() -> None:
        for entry in entries:
            try:
                table.remove(entry)
            except OSError as error:
                errors.append(error)

    if are_last:
        table.keep_routes(device, entries, remove)
    else:
        with _secondaries_promoted(device):
            remove()
    return errors[0] if errors else None


@contextmanager
def _secondaries_promoted(device: str) -> Iterator[None]:
    """Make the kernel keep the secondaries of a removed primary meanwhile."""
    before = ""
    with suppress(OSError):  # A container may forbid it; _put_back handles that.
        before = sysctl.get(device, 4, sysctl.PROMOTE)
        sysctl.set(device, 4, sysctl.PROMOTE, "1")
    try:
        yield
    finally:
        if before == "0":
            with suppress(OSError):
                sysctl.set(device, 4, sysctl.PROMOTE, before)


def _put_back(table: AddressTable, index: int, foreign: Sequence[Entry]) -> None:
    """Add the addresses that the kernel has removed together with ours."""
    there = {entry.identity for entry in table.of(index)}
    for entry in foreign:
        if entry.identity not in there:
            table.put_back(entry)


def _packed(ip: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


# -- the bow-out -----------------------------------------------------------------------------------


def _repeat(cleared: Sequence[Cleared], packet_out: PacketOut) -> None:
    """Send the second copy of each bow-out: the loss of a single one costs the clients seconds."""
    bowed_out = [each.content for each in cleared if each.bowed_out]
    if bowed_out:
        time.sleep(_SPACING)
    for content in bowed_out:
        for copy in range(1, len(content.bow_outs)):
            _send(content, copy, packet_out)


def _send(content: Content, copy: int, packet_out: PacketOut) -> bool:
    """Send one bow-out to all peers; return whether at least one packet was sent."""
    sent = [_is_sent(content.interface, each, packet_out) for each in content.bow_outs[copy]]
    return any(sent)


def _is_sent(interface: str, packet: Packet, packet_out: PacketOut) -> bool:
    try:
        if packet.destination is None:
            packet_out.send_frame(interface, packet.data)
        else:
            packet_out.send_packet(interface, packet.data, packet.destination)
    except OSError:
        return False  # The interface is down or a peer unreachable; peers take over by themselves.
    return True
