"""A stop hands over, and waits for scripts but for nothing else."""

import signal
import time

import pytest
from lab import Lab
from nodes import (
    INIT,
    MASTER,
    SWITCHING,
    VIP,
    ScriptedLab,
    both_ways,
    conf,
    note,
    start_backup,
    start_master,
    wait_for_address,
    wait_for_no_address,
)


@pytest.mark.parametrize(
    ("lab", "number"),
    [
        (Lab, signal.SIGTERM),
        (Lab, signal.SIGINT),
        (Lab, signal.SIGQUIT),
        (ScriptedLab, signal.SIGTERM),
    ],
    indirect=["lab"],
)
def test_a_clean_stop_hands_over(a, b, wire, number):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)

    signalled = time.time()
    on_a.signal(number)
    (first, *_) = wire.wait(b.address)
    wait_for_address(b)
    assert on_a.popen.wait(15) == 0
    assert not a.has(VIP)
    on_a.wait_for_line(f"stopping on {number.name}")
    on_a.wait_for_line(INIT)
    on_b.wait_for_line(MASTER, f"{a.address} bowed out")

    bow_out = wire.bow_outs(a.address)[0]
    # 0.1 s is promised; a machine that is busy with other tests gets more.
    note(
        f"signal to bow-out {bow_out.at - signalled:.4f} s, to takeover {first.at - bow_out.at:.4f} s"
    )
    assert 0 < first.at - bow_out.at < 0.5
    # Without the bow-out it would be three seconds from the last advertisement.
    assert first.at - signalled < 1.5
    assert a.processes() == []


def test_a_clean_stop_waits_for_a_script_until_its_time_out(a, wire):
    keys = {"UPSCRIPT": "/etc/ucarp/up.sh", "DOWNSCRIPT": "/etc/ucarp/down.sh"}
    keys["SCRIPT_TIMEOUT"] = "2"
    a.write("ucarp/up.sh", f"#!/bin/sh\nip address add {VIP}/16 dev eth0\nsleep 1000\n")
    a.write("ucarp/down.sh", "#!/bin/sh\ntrue\n")
    daemon = start_master(a, **keys)
    assert daemon.stop() == 0
    assert not a.has(VIP)
    assert a.processes() == []
    assert len(wire.bow_outs(a.address)) == 2


@both_ways
def test_a_clean_stop_does_not_wait_for_a_reload(a, wire):
    """The reload waits for the down-script of another virtual host."""
    on_a = start_master(a)
    a.write("slow.sh", "#!/bin/sh\nuntil [ -e /etc/ucarp/go ]; do sleep 0.1; done\n")
    slow = {"UPSCRIPT": "/bin/true", "DOWNSCRIPT": "/etc/slow.sh", "NEUTRAL": "yes"}
    a.write_conf("slow", conf(a.address, VHID=2, ADDR="172.16.0.2", **slow))
    on_a.signal(signal.SIGHUP)
    on_a.wait_for_line("slow: Switching to state: MASTER")
    (a.conf / "slow.conf").unlink()
    a.write_conf("new", conf(a.address, VHID=3, ADDR="172.16.0.3"))
    on_a.signal(signal.SIGHUP)
    on_a.wait_for_line("slow: Spawning [/etc/slow.sh")
    on_a.signal(signal.SIGTERM)
    wait_for_no_address(a)
    a.write("ucarp/go", "")
    assert on_a.popen.wait(15) == 0
    assert len(on_a.lines("slow: [/etc/slow.sh", "done in")) == 1
    assert on_a.lines("new: Switching") == []


def test_a_backup_stops_in_silence(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)
    assert on_b.stop() == 0
    wire.wait_more(a.address, 2)
    assert wire.advertisements(b.address) == []
    assert len(on_a.lines(SWITCHING)) == 2
    assert b.processes() == []


@both_ways
def test_stop_without_shutdown_keeps_the_address(a, wire):
    """UCARP_SHUTDOWN=no, ucarp's own default."""
    daemon = start_master(a, SHUTDOWN="no")
    assert daemon.stop() == 0
    assert a.has(VIP)
    assert wire.bow_outs(a.address) == []
