"""The IPv4 addresses of a host whose own one is a secondary of the virtual one, and their requests."""

import asyncio
import ctypes
import json
import os
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from kernel_tables import opened_tables
from lab import inside

from ucarpd.linux.netlink import InterfaceAddress

VIP = InterfaceAddress(ip_address("172.16.0.1"), 16)
OTHER_VIP = InterfaceAddress(ip_address("172.16.0.2"), 16)
SETTING = "/proc/sys/net/ipv4/conf/{}/promote_secondaries"
CLONE_FS, CLONE_NEWNS = 0x200, 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def run_in(host, scenario, is_container=False, elsewhere=frozenset, record=None, served=None):
    """Run a coroutine function on open tables in the network of the host."""

    async def run():
        async with opened_tables(elsewhere, record, served) as tables:
            await scenario(tables)

    def enter_and_run():
        with inside(host.namespace):
            if is_container:
                make_settings_read_only()
            asyncio.run(run())

    # In a thread of its own, whose mounts end with it.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(enter_and_run).result()


def make_settings_read_only():
    """As in a container, for this thread and the processes that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    for call, *arguments in (
        (libc.unshare, CLONE_FS | CLONE_NEWNS),
        (libc.mount, b"none", b"/", None, MS_REC | MS_PRIVATE, None),
        (libc.mount, b"/proc/sys/net", b"/proc/sys/net", None, MS_BIND, None),
        (libc.mount, None, b"/proc/sys/net", None, MS_REMOUNT | MS_BIND | MS_RDONLY, None),
    ):
        if call(*arguments):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ipv4(host):
    """Address to all that `ip` says of it, except what a secondary loses when it is promoted."""
    links = json.loads(host.ip("-json", "-4", "address", "show", "dev", "eth0").stdout)
    found = {info.pop("local"): info for link in links for info in link["addr_info"]}
    for info in found.values():
        info.pop("secondary", None)
        for name in ("valid_life_time", "preferred_life_time"):
            # In seconds; one or two may have gone by.
            info[name] = round(info[name], -2)
    return found


def ipv6(host):
    return host.ip("-6", "address", "show", "dev", "eth0").stdout


def routes(host, *selection):
    return host.ip("-4", "route", "show", *selection).stdout.splitlines()


def setting(host, interface="eth0"):
    return host.run("cat", SETTING.format(interface)).stdout.strip()


def promote(host, value):
    host.run("sysctl", "-qw", f"net.ipv4.conf.eth0.promote_secondaries={value}")


def without(table, *ips):
    return {ip: info for ip, info in table.items() if ip not in ips}
