"""Messages about links and addresses as the kernel writes them, byte for byte."""

import socket
import struct
from ipaddress import ip_address

NEWLINK, DELLINK, NEWADDR, DELADDR = 16, 17, 20, 21
ETH0 = 2
UP, RUNNING = 0x1, 0x40
SECONDARY, DADFAILED, TENTATIVE, PERMANENT, NOPREFIXROUTE = 0x01, 0x08, 0x40, 0x80, 0x200

_NESTED = 0x8000


def attribute(kind, value):
    padding = bytes(-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def nested(kind, *attributes):
    return attribute(kind | _NESTED, b"".join(attributes))


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


def number(kind, value):
    return attribute(kind, struct.pack("=I", value))


def link_info(kind=None, slave_kind=None):
    """IFLA_LINKINFO with IFLA_INFO_KIND and IFLA_INFO_SLAVE_KIND."""
    kinds = [text(1, kind)] if kind else []
    return nested(18, *kinds, *([text(4, slave_kind)] if slave_kind else []))


def link(
    kind=NEWLINK,
    *attributes,
    name="eth0",
    index=ETH0,
    flags=UP | RUNNING,
    mac="02:00:00:00:00:01",
    family=0,
    hardware=1,
):
    head = struct.pack("=BxHiII", family, hardware, index, flags, 0)
    address = attribute(1, bytes.fromhex(mac.replace(":", ""))) if mac else b""
    return _message(kind, head + text(3, name) + address + b"".join(attributes))


def address(
    kind=NEWADDR, ip="10.0.0.1", prefixlen=24, flags=PERMANENT, *, index=ETH0, label=None, byte=None
):
    """With the flags in the attribute; `byte` for a kernel that knows but the header's byte."""
    packed, is_ipv4 = ip_address(ip).packed, ip_address(ip).version == 4
    family = socket.AF_INET if is_ipv4 else socket.AF_INET6
    in_head = flags & 0xFF if byte is None else byte
    body = struct.pack("=BBBBI", family, prefixlen, in_head, 0, index) + attribute(1, packed)
    if is_ipv4:
        body += attribute(2, packed) + text(3, label or "eth0")
    return _message(kind, body + (number(8, flags) if byte is None else b""))


def _message(kind, body):
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body
