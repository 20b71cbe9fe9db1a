"""The words of each line."""

import errno
import re
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from ucarpd.carp.actions import Finding, Report, State
from ucarpd.carp.receive import Dropped, DropReason
from ucarpd.linux.link_managers import LinkManager, Program
from ucarpd.linux.netlink import LeftInPlace

PEER = IPv4Address("172.16.0.11")
MAC = bytes.fromhex("020000000009")
PEER6 = IPv6Address("fd00::1")
NO_IPV6 = OSError(errno.EAFNOSUPPORT, "fd00::1: eth0 has no IPv6")

ROWS = [
    (lambda log: log.spawning("/up.sh eth0 10.0.0.1"), "[WARNING] web: Spawning [/up.sh eth0 10.0.0.1]"),
    (lambda log: log.status("MASTER", "for 3 s"), "[INFO] web: MASTER on eth0 id 1 (for 3 s)"),
    (lambda log: log.waiting("no carrier on eth0"), "[WARNING] web: Waiting: no carrier on eth0"),
    (
        lambda log: log.script_ended("/up.sh", 0, 0.5, False),
        "[INFO] web: [/up.sh] done in 0.50 s, exit status 0",
    ),
    (
        lambda log: log.script_ended("/up.sh", 3, 0.5, False),
        "[ERROR] web: [/up.sh] failed after 0.50 s, exit status 3",
    ),
    (
        lambda log: log.script_ended("/down.sh", 255, 0.5, True),
        "[INFO] web: [/down.sh] done in 0.50 s, exit status 255",
    ),
    (
        lambda log: log.addresses_refused({PEER: OSError(13, "172.16.0.11: no")}),
        "[ERROR] web: cannot add the address on eth0: 172.16.0.11: no",
    ),
    (
        lambda log: log.address_taken_away(PEER),
        "[WARNING] web: 172.16.0.11 was removed from eth0 by another program; putting it back",
    ),
    (
        lambda log: log.address_without_nodad(PEER),
        "[WARNING] web: the up-script added 172.16.0.11 without nodad, so it cannot be used until "
        "duplicate address detection has passed; adding it again with nodad",
    ),
    (
        lambda log: log.address_stepped_behind([IPv4Address("10.0.0.1")], [PEER, PEER6]),
        "[INFO] web: 10.0.0.1 had become the source of this host's own connections; added again behind "
        "172.16.0.11",
    ),
    (
        lambda log: log.ipv6_gone(is_off=True),
        "[WARNING] web: IPv6 was switched off on eth0: "
        "type: sysctl -w net/ipv6/conf/eth0/disable_ipv6=0",
    ),
    (
        lambda log: log.ipv6_gone(is_off=False),
        "[WARNING] web: eth0 has no IPv6, because its MTU is below 1280",
    ),
    (
        lambda log: log.removers([], [LinkManager(Program.NETWORKD, "/run/systemd/network/a.network")]),
        "[WARNING] web: systemd-networkd manages eth0, and removes addresses that it has not set: write "
        "[Network] and KeepConfiguration=static into /etc/systemd/network/a.network.d/ucarpd.conf, and "
        "type networkctl reload",
    ),
    (
        lambda log: log.removers([], [LinkManager(Program.NETWORK_MANAGER)]),
        "[WARNING] web: NetworkManager manages eth0, and removes addresses when it activates a "
        "connection: let another program set up eth0, write [keyfile] and "
        "unmanaged-devices=interface-name:eth0 into a file in /etc/NetworkManager/conf.d, and type "
        "systemctl restart NetworkManager (a reload would take eth0 down)",
    ),
    (
        lambda log: log.removers([], [LinkManager(Program.DHCLIENT), LinkManager(Program.IFUPDOWN)]),
        "[WARNING] web: dhclient runs on eth0, and removes the addresses with the label eth0 when its "
        "lease changes: set UCARP_IF_ALIAS=eth0:0, or give this host a fixed address; ifupdown manages "
        "eth0, and ifdown removes all its addresses",
    ),
    (
        lambda log: log.removers([], [LinkManager(Program.IFUPDOWN2)]),
        "[WARNING] web: ifupdown2 manages eth0, and ifreload removes addresses that it has not set: "
        "write address-purge no into the stanza of eth0 in /etc/network/interfaces, and type ifreload -a",
    ),
    (
        lambda log: log.removers(["process 12 is the old ucarp"], [LinkManager(Program.IFUPDOWN)]),
        "[WARNING] web: process 12 is the old ucarp",
    ),
    (
        lambda log: log.removers([], []),
        "[WARNING] web: no network manager is known to manage eth0: was it a person, or a script?",
    ),
    (
        lambda log: log.found(Report(Finding.ADDRESS_CLAIMED, address=PEER, mac=MAC)),
        "[WARNING] web: another host answers for 172.16.0.11: 02:00:00:00:00:09; announcing the address "
        "again. Was the address given to that host by hand or by DHCP, or do the advertisements of a "
        "CARP host not arrive?",
    ),
    (
        lambda log: log.found(Report(Finding.CLAIM_OVER, address=PEER, mac=MAC)),
        "[INFO] web: 02:00:00:00:00:09 no longer answers for 172.16.0.11",
    ),
    (
        lambda log: log.found(Report(Finding.MASTER_ANSWERS, PEER, address=PEER6, mac=MAC)),
        "[WARNING] web: advertisements are lost, not the master: 172.16.0.11 (02:00:00:00:00:09) still "
        "answers, also for fd00::1: multicast is filtered, IGMP snooping has no querier, or a firewall "
        "drops protocol 112; or the CARP daemon there has died or hangs",
    ),
    (
        lambda log: log.found(Report(Finding.MASTER_HEARD, PEER)),
        "[INFO] web: advertisements of 172.16.0.11 arrive again",
    ),
    (
        lambda log: log.found(Report(Finding.MASTER_QUIET, PEER, address=PEER6)),
        "[INFO] web: 172.16.0.11 no longer answers for fd00::1",
    ),
    (
        lambda log: log.address_taken_off_early([PEER], True),
        "[WARNING] web: removing 172.16.0.11 from eth0: the down-script has to wait for the up-script, "
        "which is still running",
    ),
    (
        lambda log: log.address_taken_off_early([PEER], False),
        "[WARNING] web: removing 172.16.0.11 from eth0: the start of the down-script hangs",
    ),
    (
        lambda log: log.served_elsewhere([PEER]),
        "[INFO] web: the up-script succeeded, but 172.16.0.11 is not on eth0: ucarpd trusts the script, "
        "and does not say so again",
    ),
    (
        lambda log: log.script_failed_but_serves([PEER]),
        "[WARNING] web: the up-script failed, but 172.16.0.11 is on this host, which keeps serving",
    ),
    (
        lambda log: log.unserved([PEER]),
        "[ERROR] web: this host cannot serve 172.16.0.11: another host should take over",
    ),
    (
        lambda log: log.addresses_refused({PEER6: NO_IPV6}),
        "[WARNING] web: cannot add the address on eth0: fd00::1: eth0 has no IPv6",
    ),
    (lambda log: log.unserved([]), "[INFO] web: all addresses are served again"),
    (
        lambda log: log.loss_held("eth0 is down"),
        "[WARNING] web: eth0 is down while the up-script is running: does the script do that? ucarpd waits "
        "until the script ends",
    ),
    (
        lambda log: log.record_fault(OSError(28, "cannot write /run/x: No space left on device")),
        "[ERROR] web: serving without a record of the addresses: after a crash, `ucarpd clear` cannot "
        "remove them (cannot write /run/x: No space left on device)",
    ),
    (
        lambda log: log.script_not_run("/up.sh", 127, "it does not exist"),
        "[ERROR] web: cannot run [/up.sh]: it does not exist; exit status 127",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_STAYS, PEER)),
        "[WARNING] web: 172.16.0.11 is still MASTER, although this host is preferred: it does not receive "
        "this host's advertisements",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_STAYS_TIED, PEER)),
        "[WARNING] web: 172.16.0.11 is still MASTER: it does not receive this host's advertisements, or has "
        "another UCARP_TIEBREAK",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_APART, PEER, 4)),
        "[WARNING] web: 172.16.0.11 is also MASTER: this host hears it, but has no IPv4 source address to "
        "answer from, so neither gives way: give this host an IPv4 address of its own",
    ),
    (
        lambda log: log.found(Report(Finding.RIVAL_GONE, PEER)),
        "[INFO] web: 172.16.0.11 is no longer MASTER",
    ),
    (
        lambda log: log.found(Report(Finding.FAMILY_SILENT, family=6)),
        "[WARNING] web: only IPv6 advertisements are lost: look for a filter or for multicast snooping",
    ),
    (
        lambda log: log.found(Report(Finding.FAMILY_HEARD, family=6)),
        "[INFO] web: IPv6 advertisements arrive again",
    ),
    (
        lambda log: log.found(Report(Finding.LOST_EACH_TIME)),
        "[WARNING] web: the interface is lost each time that this host becomes MASTER: by a script "
        "(UCARP_NOTIFYSCRIPT, UCARP_UPSCRIPT, a unit), the network card, its cable or switch; from now on "
        "this host stays MASTER, and waits up to 30 s for the interface",
    ),
    (
        lambda log: log.found(Report(Finding.NOT_REASSERTED)),
        "[ERROR] web: another host took over again while a script of this host kept the interface down: "
        "ucarpd does not run the scripts again now, or both hosts would take turns for ever; change the "
        "script so that the interface is back before the other hosts time out, which by default takes 3 s",
    ),
    (
        lambda log: log.found(Report(Finding.NOT_MASTER)),
        "[INFO] web: asked to step down, but this host is not MASTER",
    ),
    (
        lambda log: log.found(Report(Finding.NOBODY_TOOK_OVER)),
        "[WARNING] web: asked to step down, but no other host has taken over: this host keeps serving",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.BAD_TTL, PEER, "TTL 254, must be 255")),
        "[WARNING] web: dropped a packet from 172.16.0.11: TTL 254, must be 255",
    ),
    (
        lambda log: log.dropped(
            Dropped(
                DropReason.BAD_VHID, PEER, "vhid 2, this virtual host is 1", concerns_us=False
            )
        ),
        "[INFO] web: dropped a packet from 172.16.0.11: vhid 2, this virtual host is 1",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.BAD_HEADER, None, "is a fragment")),
        "[WARNING] web: dropped a packet from an unknown source: is a fragment",
    ),
    (
        lambda log: log.dropped(Dropped(DropReason.VRRP, PEER, "a VRRP router at 10.0.0.2 uses id 1")),
        "[WARNING] web: a VRRP router at 10.0.0.2 uses id 1",
    ),
    (
        lambda log: log.source_changed(PEER, IPv4Address("172.16.0.12")),
        "[INFO] web: the source address is now 172.16.0.12; it was 172.16.0.11",
    ),
    (
        lambda log: log.source_elsewhere(PEER, "lo"),
        "[INFO] web: source address 172.16.0.11 is on lo, not on eth0; still advertising from it",
    ),
    (
        lambda log: log.same_mac(PEER),
        "[WARNING] web: 172.16.0.11 has the MAC address of this host: a cloned machine?"
        " Give eth0 there another MAC address",
    ),
    (
        lambda log: log.device_refused(OSError(1, "cannot make eth0-v1")),
        "[ERROR] web: virtual MAC address, device eth0: cannot make eth0-v1",
    ),
    (
        lambda log: log.device_refused(OSError(22, "cannot make eth0-v1")),
        "[ERROR] web: virtual MAC address, device eth0: cannot make eth0-v1: eth0 takes no other"
        " device beside it (is it a macvlan of mode passthru, or a port of a bridge?);"
        " UCARP_VMAC=no works without one",
    ),
    (lambda log: log.error("no"), "[ERROR] web: no"),
    (lambda log: log.restarting(2.0), "[ERROR] web: starting again in 2 s"),
    (
        lambda log: log.reconfigured(restarted=False),
        "[INFO] web: new configuration: applied without a restart",
    ),
    (
        lambda log: log.reconfigured(restarted=True),
        "[INFO] web: new configuration: restarting this instance",
    ),
    (
        lambda log: log.demoted(240, "eth1 cannot be used"),
        "[WARNING] web: demoted by 240: eth1 cannot be used",
    ),
    (lambda log: log.demoted(0, ""), "[INFO] web: no longer demoted"),
    (
        lambda log: log.address_left_over([PEER]),
        "[WARNING] web: 172.16.0.11 was left on eth0 by an earlier run; removed",
    ),
    (
        lambda log: log.address_left_over([PEER, PEER6]),
        "[WARNING] web: 172.16.0.11, fd00::1 were left on eth0 by an earlier run; removed",
    ),
    (
        lambda log: log.served_elsewhere([PEER, PEER6]),
        "[INFO] web: the up-script succeeded, but 172.16.0.11, fd00::1 are not on eth0: ucarpd trusts the "
        "script, and does not say so again",
    ),
    (
        lambda log: log.address_was_there([PEER]),
        "[WARNING] web: 172.16.0.11 was already on eth0; removed: if the network configuration adds it, "
        "delete it there",
    ),
    (
        lambda log: log.address_not_removed_by_script([PEER]),
        "[WARNING] web: 172.16.0.11 was still on eth0 after the down-script; removed",
    ),
    (
        lambda log: log.address_left_alone(PEER),
        "[WARNING] web: not removing 172.16.0.11: it is virtual, but the only address of eth0; give this "
        "host an address of its own",
    ),
    (
        lambda log: log.address_out_of_place(PEER, State.BACKUP),
        "[WARNING] web: 172.16.0.11 came up on eth0 in state BACKUP; removing it",
    ),
    (
        lambda log: log.address_not_removed(OSError(1, "cannot remove 172.16.0.11")),
        "[ERROR] web: cannot remove the address on eth0: cannot remove 172.16.0.11",
    ),
    (
        lambda log: log.address_not_removed(LeftInPlace({PEER: 123})),
        "[WARNING] web: not removing the address on eth0: 172.16.0.11 is also served by process 123: if "
        "two files have it, keep it in one",
    ),
    (
        lambda log: log.script_hit("/up.sh", "SIGHUP"),
        "[WARNING] web: [/up.sh] was ended by SIGHUP, which ucarpd did not send; running it again (to "
        "signal ucarpd and not its scripts: systemctl kill --kill-whom=main, on Debian 12 "
        "--kill-who=main)",
    ),
    (
        lambda log: log.script_hangs("/down.sh", None),
        "[WARNING] web: [/down.sh] has not started yet: the file system of the script does not answer",
    ),
    (
        lambda log: log.script_hangs("/down.sh", 77),
        "[WARNING] web: [/down.sh] is still running, and UCARP_SCRIPT_TIMEOUT=0 sets no limit: ucarpd waits "
        "for it; if it hangs, type `kill 77`",
    ),
    (
        lambda log: log.up_script_waits("/down.sh", 77, 3.4),
        "[ERROR] web: the up-script has to wait: [/down.sh] has not ended for 3 s (process 77)",
    ),
    (
        lambda log: log.script_timed_out("/up.sh", 30.0),
        "[ERROR] web: [/up.sh] did not end within 30 s; terminating it (UCARP_SCRIPT_TIMEOUT=0: no limit)",
    ),
    (
        lambda log: log.units_failed("systemctl start a.service failed, exit status 5"),
        "[WARNING] web: systemctl start a.service failed, exit status 5",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("write", "line"), ROWS, ids=[line for _, line in ROWS])
def test_wording(collected, web, write, line):
    write(web)
    assert [text for text, _ in collected()] == [line]


CATALOG = dict(
    re.findall(
        r"(?ms)^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)",
        (Path(__file__).parents[2] / "etc/systemd/catalog/ucarpd.catalog").read_text(),
    )
)


@pytest.mark.parametrize(("write", "line"), ROWS, ids=[line for _, line in ROWS])
def test_an_explanation_in_the_catalog_leaves_no_gap(collected, web, write, line):
    write(web)
    ((_, fields),) = collected()
    if explained := fields.get("MESSAGE_ID"):
        for field in re.findall("@([A-Z_]+)@", CATALOG[explained]):
            assert fields.get(field), line
