"""The tables of links and addresses, fed with the kernel's messages."""

import asyncio
import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address

from rtnetlink import NEWADDR, PERMANENT, address

from ucarpd.linux.netlink import InterfaceAddress, Netlink

BRIDGE = 7
ADDRESS = InterfaceAddress(IPv4Address("10.0.0.1"), 24)
ADDRESS6 = InterfaceAddress(IPv6Address("fd00::1"), 64)


def address6(flags=PERMANENT, kind=NEWADDR, *, ip="fd00::1", byte=None):
    return address(kind, ip, 64, flags, byte=byte)


class Told:
    def __init__(self):
        self.news = []

    def link_changed(self, interface):
        self.news.append(f"{interface} changed")

    def address_added(self, interface, ip):
        self.news.append(f"{ip} added to {interface}")

    def address_removed(self, interface, ip):
        self.news.append(f"{ip} removed from {interface}")


@contextlib.asynccontextmanager
async def fed(*followed):
    """A Netlink whose events are what the test sends to the socket, and whom it tells."""
    told = Told()
    netlink = Netlink(told)
    for name in followed:
        netlink.follow(name)
    events, ours = netlink._events, socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    events._socket.close()
    ours[0].setblocking(False)
    events._socket = ours[0]
    events._follow()
    with ours[1]:
        yield netlink, told.news, ours[1].send
        await netlink.close()


def after(*batches):
    """The table after these batches of messages, and what the listener was told by the last one."""

    async def scenario():
        async with fed("eth0") as (netlink, news, send):
            for batch in batches:
                news.clear()
                for message in batch:
                    send(message)
                netlink.catch_up()
            return netlink, list(news)

    return asyncio.run(scenario())
