"""The signals that ask for the status and for a step down."""

import re
import signal

from nodes import (
    BACKUP,
    MASTER,
    both_ways,
    start_backup,
    start_master,
    wait_for_address,
    wait_for_no_address,
)


def test_status(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 3)
    for daemon in (on_a, on_b):
        daemon.signal(signal.SIGUSR1)
    on_a.wait_for_line(
        "[INFO] web: MASTER on eth0 id 1 (", "no advertisement heard", "dropped: none"
    )
    line = on_b.wait_for_line("[INFO] web: BACKUP on eth0 id 1 (", "dropped: none")
    accepted = re.search(r"(\d+) advertisements accepted", line)
    assert accepted
    assert int(accepted[1]) >= 3


@both_ways
def test_step_down(a, b, wire):
    """The preferred host, asked to step down, stays down for a while and then takes over again."""
    on_a = start_master(a, PREEMPT="yes")
    on_b = start_backup(b, ADVSKEW=100)
    wire.wait_more(a.address, 2)

    on_a.signal(signal.SIGUSR2)
    on_b.wait_for_line(MASTER, f"taking over from {a.address}")
    on_a.wait_for_line(BACKUP, f"asked to step down: {b.address} has taken over")
    wait_for_address(b)
    wait_for_no_address(a)
    last = wire.advertisements(a.address)[-1]
    assert (last.advbase, last.advskew) == (254, 254)
    back = wire.wait(a.address, after=last.at, limit=30)[0]
    # Two of its own master-down intervals.
    assert back.at - last.at > 5.5
    on_a.wait_for_line(MASTER, f"preempting {b.address}")
    wait_for_address(a)
    wait_for_no_address(b)
