"""Packets of strangers: VRRP, other vhids, a cloned machine."""

import signal
import time
from ipaddress import IPv4Address

from lab import wait_for
from nodes import VIP, mac, start, start_backup, start_master
from wiretap import open_in

from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac
from ucarpd.carp.packet import Advertisement, encode
from ucarpd.carp.params import CARP_GROUP_V4

STRANGER = IPv4Address("172.16.0.55")
STRANGER_MAC = bytes.fromhex("020000000055")


def say(host, payload, group=CARP_GROUP_V4):
    """As a stranger on the switch."""
    with open_in(host.lab.switch.namespace, "br0") as mouth:
        ip = carp_over_ip(STRANGER, group, payload)
        mouth.send(ethernet(group_mac(group), STRANGER_MAC, ip))


def vrrp(vhid):
    return bytes([0x21, vhid, 100, 1, 0, 1, 0, 0, 10, 9, 0, 10]) + bytes(8)


def test_vrrp_is_told_as_vrrp_and_only_with_our_number(a):
    daemon = start_master(a)
    for _ in range(3):
        say(a, vrrp(2))
        say(a, vrrp(1))
    line = daemon.wait_for_line("VRRP")
    assert line.endswith(
        "[WARNING] web: a VRRP router at 172.16.0.55 uses id 1: change its id, or UCARP_VHID"
    )
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("MASTER on eth0 id 1", "vrrp 3", "othervrrp 3")
    assert len(daemon.lines("VRRP")) == 1
    assert daemon.lines("dropped a packet") == []


def test_another_virtual_host_with_another_group_is_no_fault(a):
    daemon = start_master(a)
    other = encode(Advertisement(vhid=9, advbase=1, advskew=0, counter=1, digest=bytes(range(20))))
    for _ in range(3):
        say(a, other, IPv4Address("239.192.7.18"))
    daemon.wait_for_line(
        "[INFO] web: dropped a packet from 172.16.0.55: vhid 9, this virtual host is 1"
    )
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("MASTER on eth0 id 1", "badvhid 3")
    assert len(daemon.lines("dropped a packet")) == 1


def test_a_cloned_machine(a, b):
    start_master(a)
    b.ip("link", "set", "dev", "eth0", "address", mac(a))
    daemon = start_backup(b, ADVSKEW=50)
    daemon.wait_for_line(f"{a.address} has the MAC address of this host: a cloned machine?")


def test_a_virtual_mac_makes_no_clones(a, b, wire):
    start_master(a, SRCMAC="virtual")
    daemon = start(b, SRCMAC="virtual", ADVSKEW=50)
    wire.wait_more(a.address, 4)
    assert daemon.lines("cloned") == []


def test_a_master_announces_again_when_the_segment_is_heard_after_a_silence(a, wire):
    """The port of the switch may have begun to forward only now."""
    start_master(a)
    wire.wait_more(a.address, 11)
    before = time.time()
    other = Advertisement(vhid=9, advbase=1, advskew=0, counter=1, digest=bytes(range(20)))
    say(a, encode(other))
    wait_for("it announces again", lambda: wire.announcements(VIP, after=before))
