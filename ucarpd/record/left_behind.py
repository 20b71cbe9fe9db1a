"""Virtual addresses that a dead process has left on this host, for commands that tell of them."""

import shlex
import socket
from collections.abc import Collection, Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from ucarpd.linux.address_table import AddressTable
from ucarpd.record.elsewhere import others
from ucarpd.record.record import Content, paths, read


class LeftBehind(NamedTuple):
    """An instance whose process has died; `text` says which addresses are left, and what to do."""

    name: str
    path: Path
    text: str


def left_behind(running: Collection[str], directory: Path) -> list[LeftBehind]:
    """Return the instances that have left addresses, except for the `running` ones.

    Empty if this user may not look.
    """
    try:
        names = [path.stem for path in paths(directory) if path.stem not in running]
        found = [each for name in names if (each := read(name, directory))]
        dead = [each.content for each in found if each.placed and each.is_left_over]
        return list(_left(dead, directory)) if dead else []
    except OSError:
        return []


def _left(dead: Collection[Content], directory: Path) -> Iterator[LeftBehind]:
    """Yield those with an address that is there, and that no running instance has."""
    alive = list(others(directory))
    in_use = {address.ip for content in alive for address in content.addresses}
    at_work = {content.instance for content in alive}
    with closing(AddressTable()) as table:
        for content in dead:
            left = _present(content.device, table) - in_use
            ips = [address.ip for address in content.addresses if address.ip in left]
            if ips and content.instance not in at_work:
                yield LeftBehind(content.instance, Path(content.path), _text(content, ips))


def _present(device: str, table: AddressTable) -> set[str]:
    try:
        return {str(ip_address(each.ip)) for each in table.of(socket.if_nametoindex(device))}
    except OSError:
        return set()


def _text(content: Content, ips: list[str]) -> str:
    are = "is" if len(ips) == 1 else "are"
    # A process of `--env` has no file, but a name.
    what = content.path if content.path.startswith("/") else content.instance
    where = f"{', '.join(ips)} {are} still on {content.device}"
    return f"{where}, left by a process that has died: ucarpd clear {shlex.quote(what)}"
