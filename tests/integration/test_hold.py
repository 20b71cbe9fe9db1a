"""A backup that loses the gateway together with the master holds its takeover once (rule S5)."""

from lab import wait_for
from nodes import MASTER, start_backup, start_master

HOLDING = "holding: the gateway fell silent together with the master"
CHECK = "'arp:172.16.0.254 hold interval=0.5 timeout=0.5 fall=1 demote=1'"


def test_a_short_cut_moves_no_role_and_a_dead_gateway_holds_up_nothing(lab, a, b, wire):
    gateway = lab.host("gw", "172.16.0.254/16")
    node = start_master(a)
    backup = start_backup(b, ADVSKEW=50, CHECK_GW=CHECK)
    backup.wait_for_line("check GW is good")
    wire.wait_more(a.address, 2)

    b.path(connected=False)
    backup.wait_for_line(HOLDING)
    b.path(connected=True)
    backup.wait_for_line("check GW is good", count=2)
    wire.wait_more(a.address, 4)
    assert backup.lines(MASTER) == []

    gateway.path(connected=False)
    backup.wait_for_line("check GW has failed", count=2)
    wire.wait_more(a.address, 2)
    node.kill()
    wait_for("the takeover", lambda: backup.lines(MASTER))
    assert len(backup.lines(HOLDING)) == 1
