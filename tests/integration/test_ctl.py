"""`ucarpctl` asks and steers real daemons."""

import json
import signal

from lab import wait_for
from nodes import VIP, start_backup, start_master


def test_two_hosts_are_asked_and_hand_over(a, b):
    bad = a.write_conf("bad", "UCARP_VHID=300\n")
    master = start_master(a)
    backup = start_backup(b, ADVSKEW=100)
    assert b.ucarpctl("wait", "web", "--state", "BACKUP").stdout == ""

    asked = a.ucarpctl("status", check=False)
    assert asked.returncode == 2
    _header, refused, web = asked.stdout.splitlines()
    assert refused.startswith("bad   failed")
    assert f"{bad.name}:1: UCARP_VHID: " in refused
    assert web.split()[:2] == ["web", "MASTER"]
    [instance] = json.loads(a.ucarpctl("status", "web", "--json").stdout)["instances"]
    assert (instance["state"], instance["vhid"]) == ("MASTER", 1)
    assert instance["addresses"] == [{"address": VIP, "present": True, "served": True}]
    metrics = a.ucarpctl("metrics", "--textfile", "-").stdout
    assert 'ucarpd_state{name="web",interface="eth0",vhid="1",state="MASTER"} 1.0\n' in metrics
    heard = f"{a.address}  MASTER, every 1.00 s"
    wait_for("the master in the status", lambda: heard in b.ucarpctl("status", "web").stdout)
    assert "takeover, if the master stays silent, in " in b.ucarpctl("status", "web").stdout

    assert a.ucarpctl("step-down", "web").stdout == f"web is BACKUP: {b.address} has taken over\n"
    b.ucarpctl("wait", "--state", "MASTER")
    backup.stop()
    a.ucarpctl("wait", "web", "--state", "MASTER")
    alone = a.ucarpctl("step-down", "web", check=False)
    assert (alone.returncode, alone.stderr) == (
        1,
        "ucarpctl: no host took over; web is still MASTER\n",
    )

    master.signal(signal.SIGSTOP)
    silent = a.ucarpctl("status", check=False)
    assert silent.returncode == 2
    assert [line.split()[:2] for line in silent.stdout.splitlines()[1:]] == [
        ["bad", "failed"],
        ["web", "unknown"],
    ]
    assert " does not answer" in silent.stdout
    master.signal(signal.SIGCONT)
    a.ucarpctl("wait", "web", "--state", "MASTER")
