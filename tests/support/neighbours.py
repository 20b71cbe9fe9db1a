"""Asks a segment who has an address, by ARP and by neighbour discovery, and reads all answers."""

import socket
import struct
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from lab import inside, wait_for
from wiretap import BROADCAST, open_in

ETH_P_ARP, ETH_P_IPV6 = 0x0806, 0x86DD
ICMPV6 = 58
NS, NA = 135, 136


@dataclass(frozen=True)
class Claim:
    """A frame that says where an address is.  `kind` is request, reply, NS or NA."""

    kind: str
    ip: str
    mac: str
    frame_mac: str
    """The source of the frame; it is what switches learn from."""


class Neighbour:
    """A host that asks; use it as a context manager."""

    def __init__(self, host, ip4, ip6):
        self._namespace = host.namespace
        self._ip4, self._ip6 = ip_address(ip4), ip_address(ip6)
        self.mac = host.ip("link", "show", "eth0").stdout.split("ether ")[1][:17]
        self.claims = []

    def __enter__(self):
        self._tap = open_in(self._namespace, "eth0")
        self._tap.setblocking(False)
        with inside(self._namespace):
            self._index = socket.if_nametoindex("eth0")
            self._icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW, ICMPV6)
            self._icmp.bind((str(self._ip6), 0))
            self._icmp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        return self

    def __exit__(self, *_):
        self._tap.close()
        self._icmp.close()

    def ask(self, ip):
        """Ask once, with a broadcast or to the group of those who may have the address."""
        ip = ip_address(ip)
        mac = bytes.fromhex(self.mac.replace(":", ""))
        if ip.version == 4:
            arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
            body = arp + mac + self._ip4.packed + bytes(6) + ip.packed
            head = bytes.fromhex(BROADCAST.replace(":", "")) + mac + struct.pack("!H", ETH_P_ARP)
            self._tap.send(head + body)
            return
        group = IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | int(ip) & 0xFFFFFF)
        message = struct.pack("!BBHI", NS, 0, 0, 0) + ip.packed + b"\1\1" + mac
        self._icmp.sendto(message, (str(group), 0, 0, self._index))

    def answers(self, ips, last, rounds=5):
        """Who answers when all these are asked for, several times: address to {MAC: answers}.

        `last` is an address, and the MAC that answers latest of all: a macvlan takes in broadcasts
        by and by.  When that has answered a last question, there is no more to come.
        """
        ip, mac = last
        self.read()
        self.claims.clear()
        for _ in range(rounds):
            for each in ips:
                self.ask(each)
        self.ask(ip)

        def counted():
            self.read()
            found = {each: Counter() for each in ips}
            for claim in self.claims:
                if claim.kind in {"reply", "NA"} and claim.ip in found:
                    assert claim.mac == claim.frame_mac
                    found[claim.ip][claim.mac] += 1
            return found

        def is_complete():
            found = counted()
            return found[ip][mac] > rounds and all(
                each.total() >= rounds for each in found.values()
            )

        wait_for("all answers", is_complete)
        found = counted()
        found[ip][mac] -= 1
        return found

    def read(self):
        while True:
            try:
                claim = _claim(self._tap.recv(2048))
            except BlockingIOError:
                return
            if claim and claim.frame_mac != self.mac:
                self.claims.append(claim)

    def macs_claimed(self, ip):
        """All MACs that any frame since the last `answers` has said to be the address's."""
        self.read()
        claims = [claim for claim in self.claims if claim.ip == ip]
        return {mac for claim in claims for mac in (claim.mac, claim.frame_mac)}


def _claim(frame):
    ethertype = int.from_bytes(frame[12:14], "big")
    frame_mac = frame[6:12].hex(":")
    if ethertype == ETH_P_ARP:
        kind = {1: "request", 2: "reply"}[frame[21]]
        return Claim(kind, str(ip_address(frame[28:32])), frame[22:28].hex(":"), frame_mac)
    if ethertype != ETH_P_IPV6 or frame[20] != ICMPV6 or frame[54] not in (NS, NA):
        return None
    # An advertisement is about its target, a solicitation about who sends it.
    kind, ip = ("NA", frame[62:78]) if frame[54] == NA else ("NS", frame[22:38])
    if not any(ip):
        return None  # from one who looks for duplicates, and has no address yet
    # The link-layer address is the only option; without it the frame's source is what counts.
    mac = frame[80:86] if len(frame) >= 86 else frame[6:12]
    return Claim(kind, str(ip_address(ip)), mac.hex(":"), frame_mac)
