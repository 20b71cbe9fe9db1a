"""The daemon's work for an advertisement and a takeover, in system calls and packets.

Speed is measured by scripts/bench; a regression of the kind that makes things slow is caught here.
"""

import re

from lab import Host, Process, wait_for
from nodes import MASTER, VIP, conf, mac, start_backup, start_master, wait_for_address

ONE_ADVERTISEMENT = 8
"""System calls: to set the timer, to wait, to set it back; and to send, or to read."""

LOOKS = 64
"""System calls of the loop for the looks at run directory, control socket and processes in ten seconds.

A worker looks, and its reading grows with the host.
"""


def system_calls(host: Host, daemon: Process, wire, advertisements: int) -> dict[str, int]:
    """The system calls of the event loop while it sends so many advertisements."""
    report = host.root / "calls"
    tracer = host.start("strace", "-c", "-o", str(report), "-p", str(daemon.pid))
    tracer.wait_for_line("attached")
    wire.wait_more(host.address, advertisements)
    tracer.signal(2)
    tracer.popen.wait(10)
    rows = re.findall(
        r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ )? *(\w+)$", report.read_text(), re.MULTILINE
    )
    return {name: int(count) for count, name in rows if name != "total"}


def test_an_advertisement_takes_a_handful_of_system_calls(a, wire):
    daemon = start_master(a)
    wire.wait_more(a.address, 5)  # the announcements of the beginning are over
    calls = system_calls(a, daemon, wire, 6)
    # Perhaps one more announcement, by a request and a reply, with a question.
    assert calls["sendto"] in range(6, 6 + 3 + 1)
    assert sum(calls.values()) <= 6 * ONE_ADVERTISEMENT + LOOKS, calls


def test_a_backup_takes_a_handful_of_system_calls_too(a, b, wire):
    start_master(a)
    daemon = start_backup(b, ADVSKEW=50)
    # Longer than the look at start for another daemon on this host.
    wire.wait_more(a.address, 6)
    report = b.root / "calls"
    tracer = b.start("strace", "-c", "-o", str(report), "-p", str(daemon.pid))
    tracer.wait_for_line("attached")
    wire.wait_more(a.address, 6)
    tracer.signal(2)
    tracer.popen.wait(10)
    total = re.search(r" (\d+) +(?:\d+ )? *total$", report.read_text(), re.MULTILINE)
    assert total is not None
    assert int(total[1]) <= 6 * ONE_ADVERTISEMENT + LOOKS, report.read_text()


def test_what_goes_over_the_wire_at_a_takeover(a, b, wire):
    """The advertisement first, then a request and a reply: five times in three seconds."""
    first = start_master(a)
    second = start_backup(b, ADVSKEW=50)
    wire.wait_more(a.address, 2)
    first.kill()
    second.wait_for_line(MASTER)
    wait_for_address(b)
    taken_over = wire.wait(b.address, 5)
    announced = wait_for(
        "all announcements",
        lambda: found if len(found := of(wire, b)) >= 10 else None,
    )
    assert len(announced) == 10
    assert taken_over[0].at <= announced[0].at


def of(wire, host: Host):
    return [each for each in wire.announcements(VIP) if each.sender_mac == mac(host)]


def test_many_virtual_hosts_share_their_wake_ups(a, wire):
    """A hundred of them cost no more than twenty times the calls of one, but for the sending."""
    for vhid in range(1, 101):
        a.write_conf(f"v{vhid}", conf(a.address, VHID=vhid, ADDR=f"172.16.9.{vhid}"))
    daemon = a.ucarpd()
    daemon.wait_for_line(MASTER, count=100)
    wait_for("all to advertise", lambda: len({each.vhid for each in wire.advertisements()}) == 100)
    wire.wait_more(a.address, 500)
    calls = system_calls(a, daemon, wire, 400)
    assert calls["sendto"] >= 400
    assert calls["epoll_wait"] <= calls["sendto"] / 2, calls
