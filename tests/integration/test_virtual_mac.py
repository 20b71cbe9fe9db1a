"""The virtual MAC address: neighbours need not learn anything when the role moves."""

import contextlib
import ipaddress
import signal
import socket
import sys
import threading
from collections.abc import Iterator

import pytest
from lab import Host, Process, inside, wait_for
from nodes import (
    BACKUP,
    MASTER,
    VIP,
    both_ways,
    conf,
    mac,
    start,
    start_master,
    use_shipped_scripts,
    wait_for_address,
)
from virtual_mac_host import (
    BOTH,
    DEVICE,
    ORIGINALS,
    OURS,
    VIP6,
    VIRTUAL_MAC,
    arp_settings,
    devices,
    serving,
    wait_for_device,
)
from wiretap import Wiretap


@pytest.fixture
def client(lab) -> Host:
    return lab.host("client", "172.16.0.99/16")


def entry(host: Host, address: str) -> str | None:
    """The MAC address that a host has learnt."""
    words = host.ip("neigh", "show", address, "dev", "eth0").stdout.split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else None


@contextlib.contextmanager
def knocking(client: Host, *addresses: str) -> Iterator[None]:
    """The client asks for a connection to each address every ten milliseconds."""
    is_over = threading.Event()

    def knock() -> None:
        with inside(client.namespace):
            while not is_over.wait(0.01):
                for address in addresses:
                    family = {4: socket.AF_INET, 6: socket.AF_INET6}[
                        ipaddress.ip_address(address).version
                    ]
                    with socket.socket(family) as knocker:
                        knocker.setblocking(False)
                        # It is refused, or hears nothing: what counts is where the packet went.
                        with contextlib.suppress(OSError):
                            knocker.connect((address, 80))

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def start_pair(a: Host, b: Host, **keys: object) -> tuple[Process, Process]:
    keys = {"SRCIP": None, "MASK": None, "VMAC": "yes", "ADDR": BOTH, **keys}
    first = start(a, **keys)
    first.wait_for_line(MASTER)
    second = start(b, ADVSKEW=50, **keys)
    second.wait_for_line(BACKUP)
    return first, second


@both_ways
@pytest.mark.parametrize("how", ["stopped", "cut off"])
def test_nothing_changes_for_a_client(lab, a, b, client, how):
    for host, address in ((a, "fd00::11/64"), (b, "fd00::12/64"), (client, "fd00::99/64")):
        host.enable_ipv6(address)
    with (
        Wiretap(lab.switch.namespace, a.name) as port_a,
        Wiretap(lab.switch.namespace, b.name) as port_b,
    ):
        first, second = start_pair(a, b)
        wait_for_device(a, VIP, VIP6)
        with knocking(client, VIP, VIP6):
            for address in (VIP, VIP6):
                wait_for("it is asked", lambda ip=address: port_a.connection_attempts(ip))
                assert entry(client, address) == VIRTUAL_MAC
            if how == "stopped":
                first.stop()
            else:
                a.cable(connected=False)
            second.wait_for_line(MASTER)
            wait_for_device(b, VIP, VIP6)
            serves = port_b.wait(b.address)[0].at
            moved = port_b.first_from(VIRTUAL_MAC, serves)
            for address in (VIP, VIP6):
                wait_for("it is asked", lambda ip=address: port_b.connection_attempts(ip, moved))
                assert entry(client, address) == VIRTUAL_MAC
        # Frames that were under way when the switch learnt the new port of the address.
        assert not any(port_a.connection_attempts(ip, moved + 0.02) for ip in (VIP, VIP6))
        frames = [*port_a.announcements(VIP), *port_b.announcements(VIP)]
        frames += [*port_a.announcements(VIP6), *port_b.announcements(VIP6)]
    assert {(each.mac, each.sender_mac) for each in frames} == {(VIRTUAL_MAC, VIRTUAL_MAC)}


@both_ways
def test_a_backup_has_no_address_and_its_device_is_down(a, b):
    a.enable_ipv6("fd00::11/64")
    b.enable_ipv6("fd00::12/64")
    start_pair(a, b)
    wait_for_device(a, VIP, VIP6)
    assert not a.has(VIP)
    wait_for("its device", lambda: devices(b) == [DEVICE])
    assert b.addresses(DEVICE) == []
    assert "state DOWN" in b.ip("link", "show", DEVICE).stdout


def test_advertisements_carry_the_virtual_mac_too(a, wire):
    serving(a)
    assert {each.mac for each in wire.wait_more(a.address, 2)} == {VIRTUAL_MAC}


def test_the_virtual_mac_in_the_advertisements_alone(a, wire):
    """As the BSD kernels announce: the addresses are where they always were."""
    start_master(a, SRCMAC="virtual")
    wait_for_address(a)
    assert {each.mac for each in wire.wait_more(a.address, 2)} == {VIRTUAL_MAC}
    assert {each.sender_mac for each in wire.announcements(VIP)} == {mac(a)}
    assert devices(a) == []


def test_the_real_mac_in_the_advertisements_alone(a, wire):
    serving(a, SRCMAC="real")
    assert {each.mac for each in wire.wait_more(a.address, 2)} == {mac(a)}
    assert {each.sender_mac for each in wire.announcements(VIP)} == {VIRTUAL_MAC}


def test_masters_whose_interfaces_are_macvlans_hear_each_other_by_the_real_mac(a, b):
    """With the virtual one they would not: see deaf_as_master."""
    for host in (a, b):
        host.ip("link", "set", "eth0", "name", "port")
        host.ip("link", "add", "link", "port", "name", "eth0", "type", "macvlan", "mode", "bridge")
        host.ip("link", "set", "port", "up")
        host.ip("address", "flush", "dev", "port")
        host.ip("address", "add", f"{host.address}/16", "dev", "eth0")
        host.ip("link", "set", "eth0", "up")
    _, second = start_pair(a, b, ADDR=VIP, SRCMAC="real")
    a.path(False)
    second.wait_for_line(MASTER)
    a.path(True)
    second.wait_for_line(BACKUP, a.address)


@both_ways
def test_the_hosts_own_network_stays_on_the_interface(a, client):
    """Whichever addresses come first: its own ones come last here, as after nmcli connection up."""
    client.enable_ipv6("fd00::99/64")
    a.enable_ipv6("fd00::11/64")
    a.sysctl("net/ipv4/conf/eth0/rp_filter", "1")
    serving(a, MASK=None, ADDR=f"{VIP}/16,{VIP6}/64")
    wait_for_device(a, VIP6)
    for own, options in (("172.16.0.11/16", ()), ("fd00::11/64", ("nodad",))):
        a.ip("address", "delete", own, "dev", "eth0")
        a.ip("address", "add", own, "dev", "eth0", *options)
    a.ip("neigh", "flush", "dev", "eth0")
    for address in ("172.16.0.99", "fd00::99"):
        a.run("ping", "-c1", "-W5", address)
        assert "dev eth0 " in a.ip("route", "get", address).stdout
    for address in ("172.16.0.11", "fd00::11", VIP, VIP6):
        client.run("ping", "-c1", "-W5", address)


@both_ways
def test_a_client_may_speak_from_its_link_local_address(a, client):
    own = client.enable_ipv6("fd00::99/64")
    a.enable_ipv6("fd00::11/64")
    serving(a, MASK=None, ADDR=f"{VIP},{VIP6},fe80::1")
    for address in (VIP6, "fe80::1"):
        wait_for_device(a, address)
        client.run("ping", "-c1", "-W5", "-I", f"{own}%eth0", address)


def test_a_client_may_speak_from_its_link_local_address_to_each_virtual_host(a, client):
    own = client.enable_ipv6("fd00::99/64")
    a.enable_ipv6("fd00::11/64")
    for vhid in (1, 2):
        ip = f"fd00::{vhid}"
        a.write_conf(f"v{vhid}", conf(None, VHID=vhid, MASK=None, VMAC="yes", ADDR=ip))
    a.ucarpd("/etc/ucarp")
    for vhid in (1, 2):
        wait_for_device(a, f"fd00::{vhid}", device=f"eth0-v{vhid}")
        client.run("ping", "-c1", "-W5", "-I", f"{own}%eth0", f"fd00::{vhid}")


@both_ways
def test_all_is_as_before_when_it_stops(a):
    first = serving(a)
    assert arp_settings(a) == OURS
    first.stop()
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS


@both_ways
def test_several_virtual_hosts_on_one_interface(a):
    """In two processes, the last one to stop restores the interface."""
    processes = {}
    for vhid in (1, 2, 3):
        ip = f"172.16.0.{vhid}"
        a.write_conf(f"v{vhid}", conf(a.address, VHID=vhid, ADDR=ip, VMAC="yes"))
    processes[1] = a.ucarpd("/etc/ucarp/v1.conf")
    processes[2] = a.ucarpd("/etc/ucarp/v2.conf", "/etc/ucarp/v3.conf")
    for vhid in (1, 2, 3):
        wait_for_device(a, f"172.16.0.{vhid}", device=f"eth0-v{vhid}")
    processes[2].stop()
    assert devices(a) == [DEVICE]
    assert arp_settings(a) == OURS
    processes[1].stop()
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS


@both_ways
def test_after_a_crash_clear_removes_everything(a):
    process = serving(a)
    process.kill()
    assert a.has(VIP, DEVICE)
    clear = a.start(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp")
    assert clear.popen.wait(15) == 0
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS


def test_after_the_crash_of_a_backup_clear_removes_its_device(a, b, wire):
    _, backup = start_pair(b, a, ADDR=VIP)
    wait_for("the device", lambda: devices(a) == [DEVICE])
    wait_for("the settings", lambda: arp_settings(a) == OURS)
    backup.kill()
    clear = a.start(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp")
    assert clear.popen.wait(15) == 0
    assert devices(a) == []
    assert arp_settings(a) == ORIGINALS
    assert (clear.text(), wire.bow_outs(a.address)) == ("", [])


@both_ways
def test_after_a_crash_the_next_start_begins_as_backup(a, b):
    first, second = start_pair(a, b, ADDR=VIP)
    wait_for_device(a, VIP)
    first.kill()
    wait_for_device(b, VIP)
    again = start(a, VMAC="yes")
    again.wait_for_line(BACKUP)
    wait_for("the left-over is gone", lambda: not a.has(VIP, DEVICE))
    assert len(second.lines(MASTER)) == 1
    again.stop()
    assert arp_settings(a) == ORIGINALS


def test_scripts_get_the_device(a):
    process = start(a, VMAC="yes", MASK="32", **use_shipped_scripts(a))
    process.wait_for_line(MASTER)
    process.wait_for_line(f"Spawning [/etc/ucarp/ucarp-up.sh {DEVICE} {VIP}]")
    wait_for_device(a, VIP)
    process.stop()
    assert devices(a) == []


def test_an_interface_with_a_long_name_has_a_device_too(a):
    a.ip("link", "set", "eth0", "down")
    a.ip("link", "set", "eth0", "name", "wlx00c0caabcdef")
    a.ip("link", "set", "wlx00c0caabcdef", "up")
    process = start(a, VMAC="yes", INTERFACE="wlx00c0caabcdef")
    process.wait_for_line(MASTER)
    wait_for("its device", lambda: devices(a))
    (device,) = devices(a)
    wait_for_device(a, VIP, device=device)
    process.signal(signal.SIGTERM)
    wait_for("it has ended", lambda: not process.is_running)
    assert devices(a) == []


@both_ways
def test_a_stop_with_both_families(a):
    a.enable_ipv6("fd00::11/64")
    process = serving(a, SRCIP=None, MASK=None, ADDR=BOTH)
    wait_for_device(a, VIP, VIP6)
    process.stop()
    assert not process.lines("[ERROR]")
    assert not process.lines("[CRITICAL]")
    assert devices(a) == []
