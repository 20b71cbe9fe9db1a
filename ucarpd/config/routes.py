"""The type of UCARP_ROUTES: routes that move with the addresses, in the words of ip-route(8)."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from ucarpd.carp.params import IPAddress
from ucarpd.config import types
from ucarpd.config.address_types import address

_FORM = "PREFIX via GATEWAY [dev INTERFACE] [src ADDRESS] [metric NUMBER] [table NUMBER]"
_LARGEST = (1 << 32) - 1
_TABLES = {"main": "254", "local": "255", "default": "253"}


class Route(NamedTuple):
    """A route.  Without a gateway its destination is on `device`.

    Without a `device` the kernel takes the interface that leads to the gateway.  `source` is the source
    address of connections of this host.  `metric` and `table` 0 are the kernel's defaults.
    """

    destination: IPv4Network | IPv6Network
    gateway: IPAddress | None = None
    device: str | None = None
    source: IPAddress | None = None
    metric: int = 0
    table: int = 0

    def __str__(self) -> str:
        return " ".join(self._words())

    def _words(self) -> Iterator[str]:
        yield "default" if self.destination.prefixlen == 0 else str(self.destination)
        for word, value in (
            ("via", self.gateway),
            ("dev", self.device),
            ("src", self.source),
            ("metric", self.metric),
            ("table", self.table),
        ):
            if value:
                yield f"{word} {value}"


def routes(text: str) -> tuple[Route, ...]:
    """Parse a list of routes with semicolons between them."""
    found: list[Route] = []
    for each in filter(None, map(str.strip, text.split(";"))):
        try:
            route = _route(each.split())
        except ValueError as error:
            raise ValueError(f"{each}: {error}") from None
        if any(_key(route) == _key(other) for other in found):
            raise ValueError(f"{each}: two routes to one destination need different metrics")
        found.append(route)
    if not found:
        raise ValueError(f"must be {_FORM}; …")
    return tuple(found)


def written(found: tuple[Route, ...]) -> str:
    """Return the text of a file for these routes."""
    return "; ".join(map(str, found))


def _key(route: Route) -> object:
    return route.destination, route.metric, route.table


def _route(words: list[str]) -> Route:
    given = _options(words[1:])
    gateway = _address(given["via"]) if "via" in given else None
    source = _address(given["src"]) if "src" in given else None
    known = next(filter(None, (gateway, source)), None)
    destination = _destination(words[0], known.version if known else None)
    for word, ip in (("via", gateway), ("src", source)):
        if ip is not None and ip.version != destination.version:
            raise ValueError(f"{word} {ip} is not IPv{destination.version}, but {words[0]} is")
    device = types.interface(given["dev"]) if "dev" in given else None
    if gateway is None and device is None:
        raise ValueError(f"names no gateway and no interface: write {_FORM}")
    if gateway is not None and gateway.is_link_local and device is None:
        raise ValueError(f"{gateway} is on every interface: add dev INTERFACE")
    return Route(
        destination,
        gateway,
        device,
        source,
        metric=types.integer(0, _LARGEST)(given.get("metric", "0")),
        table=_table(given["table"]) if "table" in given else 0,
    )


def _address(text: str) -> IPAddress:
    host, percent, scope = text.partition("%")
    if percent:
        raise ValueError(f"write {host} dev {scope} instead of {text}")
    return address(text)


def _options(words: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word, value in zip(words[::2], [*words[1::2], ""], strict=False):
        if word not in {"via", "dev", "src", "metric", "table"}:
            raise ValueError(f"{word} is not known here: write {_FORM}")
        if not value:
            raise ValueError(f"there is nothing after {word}")
        if word in given:
            raise ValueError(f"has {word} twice")
        given[word] = value
    return given


def _destination(text: str, version: int | None) -> IPv4Network | IPv6Network:
    if text == "default":
        if version is None:
            raise ValueError("is it IPv4 or IPv6? Write 0.0.0.0/0 or ::/0")
        return ip_network("0.0.0.0/0" if version == 4 else "::/0")
    if not re.fullmatch(r"[0-9a-fA-F:.]+(/[0-9.]+)?", text):
        raise ValueError("must begin with a network such as 192.0.2.0/24, or with default")
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must begin with a network such as 192.0.2.0/24") from None
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"is an address in a network: write {found}") from None


def _table(text: str) -> int:
    return types.integer(1, _LARGEST)(_TABLES.get(text, text))
