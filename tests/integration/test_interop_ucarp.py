"""Against the real ucarp, both ways round."""

import signal
import time
from pathlib import Path

import pytest
from lab import Host, Process, wait_for
from nodes import (
    BACKUP,
    MASTER,
    VIP,
    both_ways,
    note,
    start,
    start_ucarp,
    wait_for_address,
    wait_for_no_address,
)
from wiretap import Wiretap

ROUNDS = [
    pytest.param("ucarpd", "ucarp", id="ucarpd-then-ucarp"),
    pytest.param("ucarp", "ucarpd", id="ucarp-then-ucarpd"),
]


def start_daemon(
    name: str, host: Host, skew: int = 0, preempt: bool = False, address: str = VIP
) -> Process:
    if name == "ucarp":
        return start_ucarp(host, skew, preempt, address)
    keys = {"ADVSKEW": skew, "PREEMPT": "yes" if preempt else "no", "ADDR": address}
    return start(host, **keys, MASK="32")


@both_ways
@pytest.mark.parametrize(("first", "second"), ROUNDS)
def test_the_other_takes_over_when_the_master_dies(a, b, wire, first, second):
    master = start_daemon(first, a)
    wire.wait(a.address)
    backup = start_daemon(second, b, skew=50)
    wire.wait_more(a.address, 6)
    assert wire.advertisements(b.address) == []

    master.kill()
    backup.wait_for_line(MASTER)
    wait_for_address(b)
    wire.wait(b.address, 2)


@both_ways
@pytest.mark.parametrize(("slow", "fast"), ROUNDS)
def test_the_faster_preempts(a, b, wire, slow, fast):
    loser = start_daemon(slow, a, skew=100)
    wire.wait(a.address)
    wait_for_address(a)

    winner = start_daemon(fast, b, preempt=True)
    winner.wait_for_line(MASTER)
    loser.wait_for_line(BACKUP, count=2)
    wait_for_address(b)
    wait_for_no_address(a)
    wire.wait_more(b.address, 2)  # The parting advertisement of ucarpd has passed.
    settled = time.time()
    wire.wait_more(b.address, 2)
    assert wire.advertisements(a.address, after=settled) == []


@pytest.mark.parametrize(
    ("on_first", "on_second"),
    [
        pytest.param("ucarpd", "ucarp", id="ucarpd-wins"),
        pytest.param("ucarp", "ucarpd", id="ucarp-wins"),
    ],
)
@pytest.mark.parametrize(
    ("first", "second", "skew"),
    [
        pytest.param("10.0.0.1", "10.0.0.2", 0, id="last-octet"),
        # As numbers 10.0.0.2 is lower; ucarp on a little-endian machine sees it the other way.
        pytest.param("10.0.1.1", "10.0.0.2", 0, id="reversed-octets"),
        pytest.param("10.0.0.2", "10.0.0.1", 50, id="by-interval"),
    ],
)
def test_a_healed_partition_leaves_one_master(lab, wire, on_first, on_second, first, second, skew):
    """The first wins, by the tie-break or because the second is slower."""
    address = "10.0.0.100"
    winner, loser = lab.host("winner", f"{first}/16"), lab.host("loser", f"{second}/16")
    loser.path(False)
    on_winner = start_daemon(on_first, winner, address=address)
    on_loser = start_daemon(on_second, loser, skew=skew, address=address)
    for host, daemon in ((winner, on_winner), (loser, on_loser)):
        daemon.wait_for_line(MASTER)
        wait_for_address(host, address)

    healed = time.time()
    loser.path(True)
    on_loser.wait_for_line(BACKUP, count=2)
    wire.wait_more(winner.address, 4)
    # The winner advertises first and twice more; after that the loser is silent.
    settled = wire.wait(winner.address, 3, after=healed)[2].at
    assert wire.advertisements(loser.address, after=settled) == []
    wait_for_no_address(loser, address)
    assert winner.has(address)
    assert len(on_winner.lines(BACKUP)) == 1


def stamped_down_script(host: Host) -> Path:
    """A down-script that writes when the address was gone; returns where."""
    stamp = host.root / "gone"
    host.write(
        "ucarp/down.sh",
        f"""#!/bin/bash
ip address delete {VIP}/32 dev eth0
echo $EPOCHREALTIME >{stamp}
""",
    )
    host.write("ucarp/up.sh", f"#!/bin/sh\nip address replace {VIP}/32 dev eth0\n")
    return stamp


def test_a_clean_stop_hands_over_to_ucarp(a, b, wire: Wiretap):
    stamp = stamped_down_script(a)
    scripts = {"UPSCRIPT": "/etc/ucarp/up.sh", "DOWNSCRIPT": "/etc/ucarp/down.sh"}
    ours = start(a, MASK="32", **scripts)
    ours.wait_for_line(MASTER)
    wait_for_address(a)
    theirs = start_ucarp(b)
    theirs.wait_for_line(BACKUP)
    wire.wait_more(a.address, 3)

    ours.signal(signal.SIGTERM)
    (first, *_) = wire.wait(b.address)
    theirs.wait_for_line(MASTER)
    wait_for_address(b)
    assert ours.popen.wait(15) == 0
    bow_out = wire.bow_outs(a.address)[0]
    assert bow_out.at > float(stamp.read_text())
    # ucarp reads a packet up to one second late; without the bow-out it would take three or four.
    delay = first.at - bow_out.at
    note(f"ucarp took over {delay:.3f} s after the bow-out")
    assert 0 < delay < 2


def test_a_clean_stop_of_ucarp_is_noticed_by_its_silence(a, b, wire):
    theirs = start_ucarp(a)
    wire.wait(a.address)
    ours = start(b)
    ours.wait_for_line(BACKUP)
    wire.wait_more(a.address, 2)
    theirs.stop()
    ours.wait_for_line(MASTER, f"no advertisement from {a.address} for 3")
    wait_for(f"{VIP} on b", lambda: b.has(VIP))
