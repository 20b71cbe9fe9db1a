"""`ucarpd clear` in a network namespace, with a record that the test has written."""

import resource
import socket
import sys
import time
from contextlib import closing
from ipaddress import ip_address

import pytest
from lab import Host, Process, inside
from nodes import VIP, conf, note
from secondaries import routes

from ucarpd import config
from ucarpd.linux.address_table import AddressTable
from ucarpd.record.content import content_of
from ucarpd.record.record import Record

MAC = bytes.fromhex("020000000001")


def leave(host: Host, name: str = "web", **keys: object) -> Record:
    """Act like a master before its death, but without the addresses."""
    path = host.write_conf(name, conf(host.address, **keys))
    loaded = config.load(path)
    with inside(host.namespace):
        record = Record(name, host.root / "run")
        record.write(content_of(loaded, [ip_address(host.address)], MAC, 1, None))
    record.placed = True
    return record


def clear(host: Host, *wrap: str, path: str = "/etc/ucarp/web.conf") -> Process:
    process = host.start(*wrap, sys.executable, "-m", "ucarpd", "clear", path)
    process.popen.wait(15)
    return process


def left(host: Host) -> set[str]:
    return {f"{each['local']}/{each['prefixlen']}" for each in host.addresses()}


READ_ONLY = (
    "sh",
    "-c",
    'mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,ro /proc/sys/net; exec "$@"',
    "sh",
)


@pytest.mark.parametrize("wrap", [(), READ_ONLY], ids=["promoted", "put back"])
def test_what_the_kernel_takes_along_is_there_afterwards(a, wrap):
    """The virtual address is the primary one, and the host's own are its secondaries."""
    a.ip("address", "flush", "dev", "eth0")
    own = (f"{a.address}/16", "172.16.0.77/16")
    for each in (f"{VIP}/16", *own):
        a.ip(
            "address",
            "add",
            each,
            "dev",
            "eth0",
            "label",
            "eth0:x",
            *("valid_lft", "1000", "preferred_lft", "900"),
        )
    leave(a)
    process = clear(a, *wrap)
    assert process.popen.returncode == 0, process.text()
    assert left(a) == set(own)
    assert {each["label"] for each in a.addresses()} == {"eth0:x"}
    assert all(900 < each["valid_life_time"] <= 1000 for each in a.addresses())


@pytest.mark.parametrize("wrap", [(), READ_ONLY], ids=["promoted", "put back"])
def test_the_routes_of_an_interface_without_another_address_stay(a, wrap):
    """The source address is on the loopback interface."""
    a.ip("address", "flush", "dev", "eth0")
    a.ip("address", "add", f"{a.address}/32", "dev", "lo")
    a.ip("route", "add", "172.16.0.0/16", "dev", "eth0")
    a.ip("route", "add", "192.0.2.0/24", "via", "172.16.0.254", "table", "7")
    selection = ("table", "all", "dev", "eth0")
    own = routes(a, *selection)
    a.ip("address", "add", f"{VIP}/32", "dev", "eth0")
    leave(a)
    process = clear(a, *wrap)
    assert process.popen.returncode == 0, process.text()
    assert (left(a), routes(a, *selection)) == (set(), own)


def test_without_a_free_descriptor_the_last_address_goes_and_the_routes_stay(a):
    a.ip("route", "add", "198.51.100.0/24", "dev", "eth0")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with inside(a.namespace), closing(AddressTable()) as table:
        entries = [e for e in table.of(socket.if_nametoindex("eth0")) if e.is_ipv4]
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limit[1]))
        try:
            table.keep_routes("eth0", entries, lambda: table.remove(entries[0]))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    assert left(a) == set()
    assert routes(a, "dev", "eth0") == ["198.51.100.0/24 scope link "]


def test_what_another_instance_serves_or_has_left_is_not_put_back(a):
    """If it should be there, its own daemon adds it."""
    a.ip("address", "flush", "dev", "eth0")
    for each in (f"{VIP}/16", "172.16.0.2/16", f"{a.address}/16"):
        a.ip("address", "add", each, "dev", "eth0")
    leave(a)
    leave(a, "mail", VHID=2, ADDR="172.16.0.2")
    assert clear(a, *READ_ONLY).popen.returncode == 0
    assert left(a) == {f"{a.address}/16"}


def test_both_families_and_the_extra_addresses(a):
    a.enable_ipv6("fd00::1/64")
    own = left(a)
    leave(a, ADDR=f"{VIP} fd00::100", EXTRA_ADDRS="172.16.0.200")
    for each in (f"{VIP}/24", "fd00::100/48", "172.16.0.200/32"):
        a.ip("address", "add", each, "dev", "eth0")
    assert clear(a).lines(f"{VIP}, 172.16.0.200, fd00::100 were left on eth0")
    assert left(a) == own


def test_the_same_address_on_another_interface_is_not_ours(a):
    a.ip("address", "add", f"{VIP}/32", "dev", "lo")
    leave(a)
    assert clear(a).text() == ""
    assert a.has(VIP, "lo")


def test_the_record_of_another_network_namespace_is_left_alone(a, b):
    leave(b)
    a.ip("address", "add", f"{VIP}/32", "dev", "eth0")
    (b.root / "run").rename(a.root / "run")
    assert clear(a).text() == ""
    assert a.has(VIP)


def test_only_what_lies_in_the_paths(a):
    for number, name in enumerate(("web", "mail"), start=1):
        leave(a, name, VHID=number, ADDR=f"172.16.0.{number}")
        a.ip("address", "add", f"172.16.0.{number}/16", "dev", "eth0")
    clear(a, path="/etc/other")
    assert len(left(a)) == 3
    clear(a, path="/etc/ucarp/mail.conf")
    assert left(a) == {f"{a.address}/16", "172.16.0.1/16"}


def test_an_interface_that_is_gone(a):
    leave(a, INTERFACE="eth9")
    process = clear(a)
    assert (process.popen.returncode, process.text()) == (0, "")


def test_an_address_that_cannot_be_removed_is_told_and_stays_recorded(a):
    a.ip("address", "add", f"{VIP}/16", "dev", "eth0")
    record = leave(a)
    record.advertised(time.monotonic() + 1)
    weak = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    process = clear(a, *weak)
    assert process.popen.returncode == 1
    assert process.lines("[ERROR] web: cannot remove the address on eth0: ", "not permitted")
    assert clear(a).popen.returncode == 0
    assert not a.has(VIP)


def test_the_bow_out_leaves_within_two_seconds(a, wire):
    """The interpreter takes some hundredths of a second, and on a busy machine more than one."""
    a.ip("address", "add", f"{VIP}/16", "dev", "eth0")
    record = leave(a)
    record.advertised(time.monotonic())
    started = time.time()
    assert clear(a).popen.returncode == 0
    wire.wait_quiet()
    first, second = wire.bow_outs(a.address)
    note(f"start of the process to bow-out {first.at - started:.4f} s")
    assert first.at - started < 2
    assert 0.04 < second.at - first.at < 0.2


def test_the_table_in_one_read(a):
    """Of 300 addresses the kernel's answer comes in several datagrams."""
    many = {f"10.{i // 200}.{i % 200}.1/32" for i in range(300)}
    text = "".join(f"address add {each} dev eth0\n" for each in many)
    a.write("many", text)
    a.ip("-batch", str(a.etc / "many"))
    with inside(a.namespace):
        table = AddressTable()
        link = socket.if_nametoindex("eth0")
        entries = table.of(link)
        for entry in entries:
            table.remove(entry)
            table.remove(entry)
        assert table.of(link) == []
        assert table.of(1 << 20) == [], "no interface has this index"
        for entry in entries:
            table.put_back(entry)
            table.put_back(entry)
        table.close()
    assert left(a) == many | {f"{a.address}/16"}
