"""The types that configuration values have.

Each parser takes the text of a value, never empty, and returns what it means.  It raises ValueError
with words for the operator; they do not repeat the value, because the caller knows whether it is a
secret.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from ucarpd.carp.params import PASSWORD_SIZE

NAME_SIZE = 15
"""Bytes of an interface name or an address label: the kernel's IFNAMSIZ without its NUL."""

FACILITIES = (
    *("auth", "authpriv", "cron", "daemon", "ftp", "lpr", "mail", "news", "syslog", "user", "uucp"),
    *(f"local{number}" for number in range(8)),
)
"""What syslog(3) lets a program choose; the kernel's own facility is not among them."""

_BOOLEANS = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


def integer(low: int, high: int) -> Callable[[str], int]:
    """A parser for whole decimal numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]+", text):
            raise ValueError(f"must be a whole number from {low} to {high}")
        if len(text) > 1 and text.startswith("0"):
            raise ValueError("has a leading zero, which some programs take for octal: leave it out")
        # int() refuses thousands of digits in words that help nobody.
        if len(text) > len(str(high)) or not low <= int(text) <= high:
            raise ValueError(f"must be from {low} to {high}")
        return int(text)

    return parse


def dead_ratio(text: str) -> int:
    """Advertisements, 2 to 255."""
    if text == "1":
        raise ValueError(
            "must be from 2 to 255: with 1 a single late or lost advertisement makes a second master"
        )
    return integer(2, 255)(text)


def seconds(low: int, high: int) -> Callable[[str], float]:
    """A parser for whole seconds from `low` to `high`."""
    parse = integer(low, high)
    return lambda text: float(parse(text))


def boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError("must be yes or no (or true, false, on, off, 1, 0)") from None


def require_no_controls(text: str) -> None:
    """Raise ValueError for control characters other than tabulators."""
    if any((ord(c) < 0x20 and c != "\t") or c == "\x7f" for c in text):
        raise ValueError("must not contain control characters")


def plain_text(text: str) -> str:
    return text


def interface(text: str) -> str:
    """The name of a network interface, 1 to 15 bytes."""
    if ":" in text:
        raise ValueError("must be the interface itself; a label such as eth0:0 is UCARP_IF_ALIAS")
    _require_short_word(text)
    if "/" in text or text in {".", ".."}:
        raise ValueError("cannot be the name of an interface")
    return text


def label(text: str) -> str:
    """A label for the virtual address, 1 to 15 bytes."""
    _require_short_word(text)
    return text


def _require_short_word(text: str) -> None:
    if any(character.isspace() for character in text):
        raise ValueError("must not contain spaces")
    if len(text.encode()) > NAME_SIZE:
        raise ValueError(f"must be at most {NAME_SIZE} bytes long, this has {len(text.encode())}")


def address(text: str) -> IPv4Address:
    """An address that one host can have."""
    if ":" in text:
        try:
            IPv6Address(text)
        except ValueError:
            raise ValueError("must be an IPv4 address such as 172.16.0.1") from None
        raise ValueError("IPv6 addresses are not supported yet: use an IPv4 address")
    try:
        ip = IPv4Address(text)
    except ValueError:
        raise ValueError("must be an IPv4 address such as 172.16.0.1") from None
    for unusable, kind in (
        (ip.packed[0] == 0, "an unspecified address"),
        (ip.is_loopback, "a loopback address"),
        (ip.is_multicast, "a multicast address"),
        (ip == IPv4Address("255.255.255.255"), "the broadcast address"),
    ):
        if unusable:
            raise ValueError(f"must be an address that a host can have, not {kind}")
    return ip


def address_list(text: str) -> tuple[tuple[IPv4Address, int | None], ...]:
    """Addresses with their prefix lengths, None where none is written."""
    found: dict[IPv4Address, int | None] = {}
    for item in re.split(r"[,\s]+", text.strip(", \t")):
        host, slash, prefix = item.partition("/")
        try:
            ip, prefixlen = address(host), prefix_length(prefix) if slash else None
        except ValueError as error:
            raise ValueError(f"{item}: {error}" if item not in {"", text} else str(error)) from None
        if ip in found:
            raise ValueError(f"has {ip} twice")
        found[ip] = prefixlen
    return tuple(found.items())


def prefix_length(text: str) -> int:
    """A prefix length from 1 to 32, or the dotted mask that stands for it."""
    wrong = ValueError("must be a mask such as 255.255.0.0 or a prefix length from 1 to 32")
    if "." not in text:
        try:
            return integer(1, 32)(text)
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
    """The mask with `prefixlen` (1 to 32) one bits, as 255.255.0.0."""
    return str(IPv4Address(0xFFFFFFFF << (32 - prefixlen) & 0xFFFFFFFF))


def multicast_group(text: str) -> IPv4Address:
    try:
        group = IPv4Address(text)
    except ValueError:
        group = None
    if group is None or not group.is_multicast:
        raise ValueError("must be an IPv4 multicast address such as 224.0.0.18")
    return group


def facility(text: str) -> str:
    if text.lower() not in FACILITIES:
        raise ValueError(f"must be a syslog facility: {', '.join(FACILITIES)}")
    return text.lower()


def absolute_path(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("must be an absolute path, one that starts with /")
    return path


def password(text: str) -> bytes:
    """The bytes that advertisements are signed with, 1 to 19."""
    return password_bytes(text.encode())


def password_bytes(secret: bytes) -> bytes:
    if not 1 <= len(secret) <= PASSWORD_SIZE:
        raise ValueError(
            f"a password has 1 to {PASSWORD_SIZE} bytes, this one has {len(secret)}"
            " (a letter outside ASCII counts as two or more)"
        )
    if b"\0" in secret:
        raise ValueError("a password cannot contain a NUL byte")
    return secret
