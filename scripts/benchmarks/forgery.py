"""Forged packets, with the right virtual host and a wrong digest (VRRPv2: password)."""

import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

from benchmarks.daemons import Daemon, Instance, Keepalived
from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac
from ucarpd.carp.packet import Advertisement, checksum, encode
from ucarpd.carp.params import CARP_GROUP_V4

STRANGER = "10.77.0.240"
MAC = bytes.fromhex("020000000bad")

_VRRP2 = struct.Struct("!BBBBBBH4s8s")


def frames(daemon: Daemon, instance: Instance, source: str, count: int = 512) -> Iterator[bytes]:
    """Ethernet frames that claim to come from `source`, each of them different."""
    for number in range(count):
        vrrp = isinstance(daemon, Keepalived)
        payload = _vrrp2(instance, number) if vrrp else _carp(instance)
        packet = carp_over_ip(IPv4Address(source), CARP_GROUP_V4, payload)
        yield ethernet(group_mac(CARP_GROUP_V4), MAC, packet)


def _carp(instance: Instance) -> bytes:
    counter = int.from_bytes(os.urandom(8), "big")
    return encode(Advertisement(instance.vhid, 1, 0, counter, digest=os.urandom(20)))


def _vrrp2(instance: Instance, number: int) -> bytes:
    password = f"wrong{number:03}".encode()
    head = (0x21, instance.vhid, 200, 1, 1, 1)
    address = socket.inet_aton(instance.address)
    value = checksum(_VRRP2.pack(*head, 0, address, password))
    return _VRRP2.pack(*head, value, address, password)
