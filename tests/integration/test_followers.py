"""Units, routes and notices that move with the role: real processes, a real kernel."""

import signal
import sys

import pytest
from fake_systemctl import FakeSystemctl
from lab import wait_for
from nodes import VIP, conf, start_backup, start_master

ROUTES = "192.0.2.0/24 via 172.16.0.254; 2001:db8:1::/48 via fd00::254 dev eth0 metric 7"
OURS = ["192.0.2.0/24 via 172.16.0.254 dev eth0", "2001:db8:1::/48 via fd00::254 dev eth0 metric 7"]


def routes(host):
    """The routes of ours, without what only some versions of ip print."""
    shown = [
        line.partition(" pref")[0].strip()
        for family in ("-4", "-6")
        for line in host.ip(family, "route", "show", "proto", "112").stdout.splitlines()
    ]
    return sorted(shown)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def test_a_notify_script_is_told_in_order_on_both_hosts(a, b):
    told = {}
    for host in (a, b):
        told[host] = host.root / "notices"
        script = host.root / "notify.sh"
        script.write_text(
            f'#!/bin/sh\nsleep 0.1\necho "$UCARP_INSTANCE $2 $3 $UCARP_PREVIOUS_STATE" >>{told[host]}\n'
        )
        script.chmod(0o755)
    first = start_master(a, NOTIFYSCRIPT=a.root / "notify.sh")
    start_backup(b, NOTIFYSCRIPT=b.root / "notify.sh", ADVSKEW=50)
    first.stop()
    # All that was told, although the process has ended: it waits for its scripts.
    assert lines(told[a]) == [
        "web start INIT INIT",
        "web transition BACKUP INIT",
        "web transition MASTER BACKUP",
        "web transition INIT MASTER",
        "web stop INIT INIT",
    ]
    wait_for("the last notice of b", lambda: len(lines(told[b])) == 3)
    assert lines(told[b])[-1] == "web transition MASTER BACKUP"


def test_routes_move_with_the_address(a):
    a.enable_ipv6("fd00::11/64")
    a.ip("route", "add", "198.51.100.0/24", "via", "172.16.0.254")
    foreign = "198.51.100.0/24 via 172.16.0.253"
    daemon = start_master(a, ROUTES=f"'{ROUTES}; {foreign}'")
    wait_for("the routes", lambda: routes(a) == OURS)
    daemon.wait_for_line(
        f"the route {foreign} is not set: this host has one to the same destination"
    )
    a.ip("route", "delete", "192.0.2.0/24")
    daemon.wait_for_line("192.0.2.0/24 via 172.16.0.254 was removed by another program; put back")
    assert routes(a) == OURS
    daemon.stop()
    assert routes(a) == []
    assert "via 172.16.0.254" in a.ip("route", "show", "198.51.100.0/24").stdout


def test_a_route_that_another_program_replaces_is_told_and_left_alone(a):
    a.enable_ipv6("fd00::11/64")
    ours = {
        "192.0.2.0/24 via 172.16.0.254": "192.0.2.0/24 via 172.16.0.99",
        "198.51.100.0/24 via 172.16.0.254 metric 50 table 1000": (
            "198.51.100.0/24 via 172.16.0.99 metric 50 table 1000"
        ),
        "2001:db8:1::/48 via fd00::fe": "2001:db8:1::/48 via fd00::99",
        "default via fd00::fe metric 50 table 7": "default via fd00::99 metric 50 table 7",
    }
    # Python and the C library write the second destination in different ways.
    kept = ["203.0.113.0/24 via 172.16.0.254", "::ffff:1.2.3.0/120 via fd00::fe"]
    daemon = start_master(a, ROUTES=f"'{'; '.join([*ours, *kept])}'")

    def listed():
        return "\n".join(
            a.ip(family, "route", "show", "table", "all", "proto", "112").stdout
            for family in ("-4", "-6")
        )

    wait_for("the routes", lambda: listed().count(" via ") == len(ours) + len(kept))
    for each in ours.values():
        a.ip("-6" if "::" in each else "-4", "route", "replace", *each.split())
    for each in ours:
        daemon.wait_for_line(f"the route {each} is not set: this host has one")
    assert listed().count(" via ") == len(kept)
    for each in ours.values():
        a.ip("-6" if "::" in each else "-4", "route", "delete", *each.split())
    wait_for("the routes again", lambda: listed().count(" via ") == len(ours) + len(kept))
    assert daemon.lines("put back") == []
    assert len(daemon.lines("is not set")) == len(ours)


def test_a_route_leaves_a_device_that_was_renamed(a):
    a.ip("link", "add", "wan", "type", "veth", "peer", "name", "modem")
    for device in ("wan", "modem"):
        a.ip("link", "set", device, "up")
    daemon = start_master(a, ROUTES="'192.0.2.0/24 dev wan'")
    wait_for("the route", lambda: routes(a))
    if a.ip("link", "set", "wan", "name", "other", check=False).returncode:
        pytest.skip("this kernel renames no interface that is up")
    assert routes(a) == ["192.0.2.0/24 dev other scope link"]
    daemon.stop()
    assert routes(a) == []


def test_clear_removes_routes_after_a_crash(a):
    daemon = start_master(a, ROUTES=f"'{ROUTES.partition(';')[0]}'")
    wait_for("the route", lambda: routes(a) == OURS[:1])
    daemon.kill()
    assert routes(a) == OURS[:1]
    cleared = a.start(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp/web.conf")
    assert cleared.popen.wait(30) == 0
    assert (routes(a), a.has(VIP)) == ([], False)


def test_units_start_after_the_address_and_stop_before_it(a):
    systemctl = FakeSystemctl(a.root / "bin")
    a.write_conf("web", conf(a.address, UNITS="a.service") + f"PATH={systemctl.path}\n")
    daemon = a.ucarpd()
    wait_for("the unit", lambda: systemctl.told()[2:] == ["start a.service", "start done"])
    assert a.has(VIP)
    systemctl.hang("stop")
    daemon.signal(signal.SIGTERM)
    wait_for("the stop", lambda: systemctl.told()[4:] == ["stop a.service"])
    assert a.has(VIP)
    assert not daemon.lines("Switching to state: INIT")
    systemctl.go_on("stop")
    daemon.wait_for_line("Switching to state: INIT")
    assert daemon.popen.wait(15) == 0
    assert not a.has(VIP)
