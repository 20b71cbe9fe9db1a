"""Who else touches the addresses of a master: hosts that answer for them, programs that remove them."""

import signal
import time
from ipaddress import ip_address

from lab import run, wait_for
from nodes import MASTER, VIP, conf, mac, start_backup, start_master, start_ucarp, wait_for_address
from wiretap import open_in

from ucarpd.carp.neighbours import ARP_REQUEST, gratuitous_arp, unsolicited_neighbour_advertisement

STRANGER = "02:00:00:00:00:55"
STRANGER_MAC = bytes.fromhex("020000000055")
VIP6 = "fd00::1"


def claim(lab, address):
    """Say, as a stranger on the switch, that an address is there."""
    ip = ip_address(address)
    if ip.version == 4:
        frame = gratuitous_arp(ip, STRANGER_MAC, ARP_REQUEST)
    else:
        frame = unsolicited_neighbour_advertisement(ip, STRANGER_MAC, False)
    with open_in(lab.switch.namespace, "br0") as mouth:
        mouth.send(frame)


def test_a_stranger_that_answers_for_an_address(lab, a, b, wire):
    """The other host is a client here.  The digest covers only one of the addresses."""
    a.enable_ipv6("fd00::11/64")
    b.enable_ipv6("fd00::12/64")
    daemon = start_master(a, EXTRA_ADDRS=VIP6, SRCIP=None)
    wire.wait_more(a.address, 5)
    for address in (VIP, VIP6):
        b.run("ping", "-c1", "-W5", address)
        before = time.time()
        claim(lab, address)
        wait_for(
            "it announces again", lambda a=address, t=before: wire.announcements(a, after=t + 0.01)
        )
        daemon.wait_for_line(f"another host answers for {address}: {STRANGER}")
        entry = b.ip("neighbour", "show", address).stdout
        assert mac(a) in entry, entry
    status = a.ucarpctl("status", "web", check=False).stdout
    assert f"another host answers for {VIP}: {STRANGER}" in status


def test_a_host_that_was_given_the_address_by_hand(a, b):
    """It never announces it, and answers only hosts that ask."""
    b.ip("address", "add", f"{VIP}/16", "dev", "eth0")
    daemon = start_master(a)
    daemon.wait_for_line(f"another host answers for {VIP}: {mac(b)}", limit=30)


def test_a_hand_over_is_no_alarm(a, b, wire):
    first = start_master(a)
    second = start_backup(b, ADVSKEW=50, PREEMPT="yes")
    wire.wait_more(a.address, 4)
    a.ucarpctl("step-down", "web")
    second.wait_for_line(MASTER)
    wire.wait_more(b.address, 5)
    for daemon in (first, second):
        assert daemon.lines("answers") == []


def test_a_filter_that_drops_advertisements_alone(a, b):
    daemon = start_master(a)
    other = start_backup(b, ADVSKEW=50)
    wait_for(
        "it hears the master", lambda: a.address in b.ucarpctl("status", "web", check=False).stdout
    )
    b.drop("ingress", "ip", "protocol", "112")
    other.wait_for_line(MASTER)
    other.wait_for_line(
        f"advertisements are lost, not the master: {a.address} ({mac(a)}) still answers"
    )
    assert daemon.is_running


def test_a_master_that_has_died_leaves_no_such_finding(a, b):
    daemon = start_master(a)
    other = start_backup(b, ADVSKEW=50)
    wait_for(
        "it hears the master", lambda: a.address in b.ucarpctl("status", "web", check=False).stdout
    )
    a.cable(connected=False)
    other.wait_for_line(MASTER)
    wait_for_address(b)
    assert daemon.is_running
    assert other.lines("still answers") == []


def test_the_network_managers_of_this_machine_do_not_manage_a_host_of_the_laboratory(a):
    assert run(*a.command("ls", "-A", "/run")).stdout == ""


def test_an_address_that_is_removed_again_and_again(a, b):
    first = start_master(a)
    second = start_backup(b, ADVSKEW=50)
    demoted = "demoted by 240: an address is removed again and again"

    def remove_until_demoted():
        a.run("ip", "address", "delete", f"{VIP}/16", "dev", "eth0", check=False)
        return first.lines(demoted)

    wait_for("a demotion", remove_until_demoted, 30)
    first.wait_for_line(f"{VIP} was removed from eth0")
    first.wait_for_line("no network manager is known to manage eth0")
    second.wait_for_line(MASTER)
    wait_for_address(b)


def test_the_down_script_of_an_old_ucarp(a):
    """It runs as soon as that ucarp is BACKUP."""
    ours = start_master(a, MASK=32)
    old = start_ucarp(a, skew=100)
    ours.wait_for_line(f"{VIP} was removed from eth0")
    ours.wait_for_line(f"web: process {old.pid} is the old ucarp", f"type: kill {old.pid}")
    wait_for_address(a)


def test_a_reload_that_moves_addresses_between_files_is_no_other_program(a):
    one, other = "172.16.0.51", "172.16.0.52"

    def write(first, second):
        a.write_conf("a", conf(a.address, EXTRA_ADDRS=first))
        a.write_conf("b", conf(a.address, VHID=2, ADDR="172.16.0.2", EXTRA_ADDRS=second))

    def have_moved(times):
        is_over = len(monitor.lines("Deleted")) == 2 * times
        return is_over and a.has(one) and a.has(other)

    monitor = a.start("ip", "monitor", "address")
    write(one, other)
    daemon = a.ucarpd()
    daemon.wait_for_line(MASTER, count=2)
    wait_for("both addresses", lambda: have_moved(0))
    for count, (first, second) in enumerate(((other, one), (one, other)), start=1):
        write(first, second)
        daemon.signal(signal.SIGHUP)
        wait_for("both addresses again", lambda count=count: have_moved(count))
    a.ip("address", "delete", f"{one}/16", "dev", "eth0")
    daemon.wait_for_line("was removed from eth0 by another program")
    (line,) = daemon.lines("by another program")
    assert one in line
