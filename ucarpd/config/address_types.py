"""The types of values that are addresses: IPv4, IPv6 and MAC.

As in `types`, each parser takes the text of a value and raises ValueError with words for the
operator.  Commas, spaces or both separate the items of a list.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, IPAddress
from ucarpd.config.types import LEADING_ZERO, integer

T = TypeVar("T")

PREFIX_LENGTHS = {4: 32, 6: 128}
"""The longest prefix by IP version, which is also the default."""

NOT_A_MASK = "must be a mask such as 255.255.0.0 or a prefix length from 1 to 32"


@lru_cache(1024)
def address(text: str) -> IPAddress:
    """Parse an address that one host can have.  Many files name the same, and warnings parse it again."""
    ip = _ip(text, "must be an address such as 172.16.0.1 or 2001:db8::1")
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        raise ValueError(f"is an IPv4 address in the form of an IPv6 one: write {ip.ipv4_mapped}")
    for unusable, kind in (
        (ip.is_unspecified or (ip.version == 4 and ip.packed[0] == 0), "an unspecified address"),
        (ip.is_loopback, "a loopback address"),
        (ip.is_multicast, "a multicast address"),
        (ip == IPv4Address("255.255.255.255"), "the broadcast address"),
    ):
        if unusable:
            raise ValueError(f"must be an address that a host can have, not {kind}")
    return ip


def _ip(text: str, wrong: str) -> IPAddress:
    host, percent, scope = text.partition("%")
    try:
        ip: IPAddress = IPv6Address(host) if ":" in host else IPv4Address(text)
    except ValueError:
        is_zero_padded = re.fullmatch(r"[0-9.]+", text) and re.search(r"\b0[0-9]", text)
        raise ValueError(LEADING_ZERO if is_zero_padded else wrong) from None
    if percent:
        raise ValueError(f"leave out %{scope}: the interface is UCARP_INTERFACE")
    return ip


def _each(text: str, parse: Callable[[str], T]) -> list[T]:
    """Parse the items of a list; an error names its item, unless the list has only one."""
    found = []
    for item in re.split(r"[,\s]+", text.strip(", \t")):
        try:
            found.append(parse(item))
        except ValueError as error:
            raise ValueError(f"{item}: {error}" if item not in {"", text} else str(error)) from None
    return found


def _bare_address(text: str) -> IPAddress:
    """Return an address without a prefix length, as a host's own is written here."""
    host, slash, prefix = text.partition("/")
    ip = address(host)
    if slash:
        raise ValueError(f"must be the address alone: write {host}, without the /{prefix}")
    return ip


def _require_distinct(ips: Iterable[IPAddress]) -> None:
    seen: set[IPAddress] = set()
    for ip in ips:
        if ip in seen:
            raise ValueError(f"has {ip} twice")
        seen.add(ip)


def _require_one_of_a_family(ips: Iterable[IPAddress]) -> None:
    seen: dict[int, IPAddress] = {}
    for ip in ips:
        if ip.version in seen:
            text = f"has {seen[ip.version]} and {ip}: give one address of each family at most"
            raise ValueError(text)
        seen[ip.version] = ip


def address_list(text: str) -> tuple[IPAddress, ...]:
    """Addresses without prefix lengths, each once."""
    found = _each(text, _bare_address)
    _require_distinct(found)
    return tuple(found)


def own_addresses(text: str) -> tuple[IPAddress, ...]:
    """Return one address, or an IPv4 and an IPv6 address; IPv4 comes first."""
    found = _each(text, _bare_address)
    _require_one_of_a_family(found)
    return tuple(sorted(found, key=lambda ip: ip.version))


def virtual_addresses(text: str) -> tuple[tuple[IPAddress, int | None], ...]:
    """Parse addresses with prefix lengths; None stands for a length that is not written."""
    found = _each(text, _address_and_prefix)
    _require_distinct(ip for ip, _ in found)
    return tuple(found)


def _address_and_prefix(text: str) -> tuple[IPAddress, int | None]:
    host, slash, prefix = text.partition("/")
    if not slash and _is_mask(host):
        raise ValueError("is a mask: write ADDRESS/MASK, or set UCARP_MASK")
    ip = address(host)
    if not slash:
        return ip, None
    return ip, _prefix_length_v6(prefix) if ip.version == 6 else _prefix_length_v4(prefix)


def _is_mask(text: str) -> bool:
    """Return whether it is a dotted mask, which is no address, as no host can have 255.x.x.x."""
    try:
        return text.startswith("255.") and _prefix_length_v4(text) < PREFIX_LENGTHS[4]
    except ValueError:
        return False


def mask(text: str) -> int:
    """Parse a prefix length from 1 to 128, or a dotted IPv4 mask; return the length."""
    try:
        return _prefix_length_v4(text) if "." in text else _prefix_length_v6(text)
    except ValueError:
        raise ValueError(f"{NOT_A_MASK} (IPv6: to 128)") from None


def _prefix_length_v6(text: str) -> int:
    try:
        return integer(1, PREFIX_LENGTHS[6])(text)
    except ValueError:
        raise ValueError("must be a prefix length from 1 to 128") from None


def _prefix_length_v4(text: str) -> int:
    wrong = ValueError(NOT_A_MASK)
    if "." not in text:
        try:
            return integer(1, PREFIX_LENGTHS[4])(text)
        except ValueError:
            raise wrong from None
    try:
        ones = int(IPv4Address(text))
    except ValueError:
        raise wrong from None
    zeros = ones ^ 0xFFFFFFFF
    if ones == 0 or zeros & (zeros + 1):
        raise wrong
    return ones.bit_count()


def dotted_mask(prefixlen: int) -> str:
    """Return the mask with `prefixlen` (1 to 32) one bits, such as 255.255.0.0."""
    return str(IPv4Address(0xFFFFFFFF << (32 - prefixlen) & 0xFFFFFFFF))


def multicast_groups(text: str) -> tuple[IPv4Address, IPv6Address]:
    """Parse one group for each family; a family that is left out gets CARP's own group."""
    found = _each(text, _multicast_group)
    _require_one_of_a_family(found)
    group, group6 = CARP_GROUP_V4, CARP_GROUP_V6
    for ip in found:
        if isinstance(ip, IPv4Address):
            group = ip
        else:
            group6 = ip
    return group, group6


def _multicast_group(text: str) -> IPAddress:
    wrong = "must be a multicast address such as 224.0.0.18 or ff02::12"
    ip = _ip(text, wrong)
    if not ip.is_multicast:
        raise ValueError(wrong)
    return ip


def mac(text: str) -> bytes:
    """Parse a MAC address into its 6 bytes."""
    if not re.fullmatch("[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", text):
        raise ValueError("must be a MAC address such as 02:00:00:ab:cd:ef")
    return bytes.fromhex(text.replace(":", ""))
