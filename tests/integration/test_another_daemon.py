"""Two daemons with one vhid on one host, which do not hear each other."""

import signal

import pytest
from lab import Host
from nodes import MASTER, conf, start_master, start_ucarp
from wiretap import open_in

ERROR = "another CARP daemon on this host advertises vhid 1 on eth0"


def second(host: Host):
    """The same file once more, with its lock in another place, as in a container."""
    run = host.root / "run2"
    run.mkdir()
    return host.ucarpd(environment={"RUNTIME_DIRECTORY": str(run)})


def test_the_same_file_twice(a):
    start_master(a)
    daemon = second(a)
    line = daemon.wait_for_line(ERROR)
    assert "[ERROR]" in line
    daemon.wait_for_line(MASTER)
    assert len(daemon.lines(ERROR)) == 1


@pytest.mark.parametrize("peers", [None, "172.16.0.11,172.16.0.12"])
def test_a_daemon_does_not_take_itself_for_another(a, peers, wire):
    """Its first observation sees the others, by group and by unicast."""
    daemon = start_master(a, PEERS=peers)
    daemon.signal(signal.SIGUSR2)
    daemon.wait_for_line("no other host has taken over")
    a.write_conf("web", conf(a.address, PEERS=peers, FACILITY="local1"))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("applied without a restart")
    a.write_conf("web", conf(a.address, PEERS=peers, MASK=24))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line(MASTER, count=2)
    assert daemon.lines(ERROR) == []


def test_ucarp_beside_ucarpd(a):
    ours = start_master(a)
    old = start_ucarp(a)
    old.wait_for_line(MASTER)
    ours.wait_for_line(f"process {old.pid} is the old ucarp", f"type: kill {old.pid}", limit=30)
    ours.stop()
    start_master(a).wait_for_line(ERROR)


def test_another_vhid_and_other_protocols_are_nobodys_business(a, wire):
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    mail = second(a)
    mail.wait_for_line(MASTER)
    a.conf.joinpath("mail.conf").unlink()
    daemon = start_master(a)
    with open_in(a.namespace, "eth0") as mouth:
        # VRRP with our number, and an advertisement that is cut off.
        for payload in (b"\x31\x01" + bytes(34), b"\x21\x01"):
            header = bytes.fromhex("450000380000400000700000ac10000be0000012")
            header = header[:8] + b"\xff\x70" + header[10:]
            mouth.send(bytes.fromhex("01005e000012") + bytes(6) + b"\x08\x00" + header + payload)
    wire.wait_more(a.address, 4)
    assert daemon.lines(ERROR) == []
    assert mail.lines(ERROR) == []
