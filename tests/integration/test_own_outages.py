"""Scripts of this host that take its own interface down when it becomes MASTER."""

import pytest
from lab import wait_for
from nodes import BACKUP, MASTER, VIP, start_backup
from up_and_down import ADD, BOTH, UP, write_scripts
from wiretap import gaps

NOTIFY = "/etc/ucarp/notify.sh"


def bounce(seconds):
    return f"ip link set eth0 down; sleep {seconds}; ip link set eth0 up\n"


def write_notify_script(host, seconds):
    """It asks for the state alone, so it does the same at other events of a MASTER."""
    text = f'#!/bin/bash\nif [ "$3" = MASTER ]; then\n{bounce(seconds)}fi\n'
    host.write("ucarp/notify.sh", text)


def wait_for_rest(*hosts, wire):
    """Wait until one host serves, and has advertised for longer than any cycle, without a pause."""

    def is_at_rest():
        last = wire.advertisements()[-12:]
        is_steady = len({each.source for each in last}) == 1 and max(gaps(last)) < 2
        return is_steady and [host.address for host in hosts if host.has(VIP)] == [last[0].source]

    wait_for("one master at rest", is_at_rest, limit=90)


def test_hosts_whose_up_scripts_keep_the_link_down_for_too_long_come_to_rest(a, b, wire):
    for host in (a, b):
        write_scripts(host, up=bounce(4) + ADD)
    on_a = start_backup(a, **BOTH)
    on_b = start_backup(b, **BOTH, ADVSKEW=100)
    on_b.wait_for_line(MASTER)
    on_b.wait_for_line(BACKUP, f"{a.address} is preferred")
    on_a.wait_for_line("[ERROR] web: another host took over again while a script of this host")
    wait_for_rest(a, b, wire=wire)
    # The first contest may as well be due to a cable.
    assert len(on_a.lines(f"Spawning [{UP}")) == 2
    assert a.has(VIP)


@pytest.mark.parametrize(
    ("seconds", "number"),
    [pytest.param(0.3, 1, id="short-alone"), pytest.param(4, 2, id="long-on-both")],
)
def test_hosts_whose_notify_scripts_take_the_link_down_come_to_rest(a, b, wire, seconds, number):
    daemons = {}
    for host in (a, b)[:number]:
        write_notify_script(host, seconds)
        daemons[host] = start_backup(host, NOTIFYSCRIPT=NOTIFY, ADVSKEW=0 if host is a else 100)
    daemons[a].wait_for_line(
        "[WARNING] web: the interface is lost each time that this host becomes MASTER", limit=60
    )
    wait_for_rest(*daemons, wire=wire)
    # At the fourth time at the latest, and after one contest.
    assert all(len(daemon.lines(MASTER)) <= 5 for daemon in daemons.values())
