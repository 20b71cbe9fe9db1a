"""A reload keeps the role wherever it can."""

import signal
import sys

from lab import Host, Process, wait_for
from nodes import (
    INIT,
    MASTER,
    SWITCHING,
    VIP,
    both_ways,
    conf,
    start,
    start_backup,
    start_master,
    wait_for_address,
    wait_for_no_address,
)

from ucarpd.exit_status import EXIT_CONFIG


class AddressMonitor:
    """The lines of `ip monitor` about the addresses of a host, since construction."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._markers = 0
        self._monitor = host.start("ip", "monitor", "address")
        wait_for("ip monitor to listen", self._sees_a_marker)

    def _add_marker(self) -> str:
        self._markers += 1
        marker = f"127.1.0.{self._markers}"
        self._host.ip("address", "add", f"{marker}/32", "dev", "lo")
        return marker

    def _sees_a_marker(self) -> bool:
        self._add_marker()
        return bool(self._monitor.lines("127.1.0."))

    def lines(self, address: str) -> list[str]:
        """All about this address that has happened up to now."""
        self._monitor.wait_for_line(f"{self._add_marker()}/32")
        return self._monitor.lines(f"{address}/")


def reload(host: Host, daemon: Process, **keys: object) -> None:
    """Edit the file, and wait until the daemon has read it."""
    count = len(daemon.lines("reloaded: "))
    host.write_conf("web", conf(host.address, **keys))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: ", count=count + 1)


def placed(host: Host) -> set[str]:
    """The addresses of eth0, with their prefix lengths."""
    return {f"{each['local']}/{each['prefixlen']}" for each in host.addresses()}


@both_ways
def test_a_soft_change_keeps_the_role_and_the_address(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    monitor = AddressMonitor(a)
    wire.wait_more(a.address, 2)

    reload(a, on_a, ADVSKEW=20, PREEMPT="yes")
    on_a.wait_for_line("new configuration: applied without a restart")
    (*_, last) = wire.wait_more(a.address, 2)
    assert last.advskew == 20

    # Both at once: a backup does not wait for long for a master with another password.
    a.write_conf("web", conf(a.address, ADVSKEW=20, PREEMPT="yes", PASS="andere"))
    b.write_conf("web", conf(b.address, PASS="andere"))
    for daemon in (on_a, on_b):
        daemon.signal(signal.SIGHUP)
    on_a.wait_for_line("reloaded: ", count=2)
    on_b.wait_for_line("reloaded: ")
    wire.wait_more(a.address, 5)
    assert on_b.lines(MASTER) == []
    assert len(on_a.lines(SWITCHING)) == 2
    assert monitor.lines(VIP) == []
    assert on_a.lines("andere") == []


def test_nothing_changed(a, wire):
    on_a = start_master(a)
    monitor = AddressMonitor(a)
    reload(a, on_a)
    on_a.wait_for_line("reloaded: 0 changed")
    wire.wait_more(a.address, 2)
    assert on_a.lines("new configuration") == []
    assert monitor.lines(VIP) == []


def test_an_edited_file_is_told_until_it_is_read(a):
    """Also if its new lines mean the same."""
    on_a = start_master(a)
    for comment in ("# once\n", "# twice\n", ""):
        assert "has changed" not in a.ucarpctl("status").stdout
        a.write_conf("web", conf(a.address) + comment)
        status = a.ucarpctl("status", check=False)
        command = f"kill -HUP {on_a.pid}"
        text = f"/etc/ucarp/web.conf has changed since the process read it: {command}"
        assert text in status.stdout
        assert status.returncode == 1
        check = a.start(sys.executable, "-m", "ucarpd", "check", "/etc/ucarp/web.conf")
        check.wait_for_line(f"OK, virtual host 1 on eth0; not in use yet: {command}")
        on_a.signal(signal.SIGHUP)
        wait_for("its end", lambda: a.ucarpctl("status", check=False).returncode == 0)


def test_no_other_program_is_blamed_for_a_new_prefix_length(a):
    keys = {"ADDR": f"{VIP}/16", "MASK": None}
    on_a = start_master(a, EXTRA_ADDRS="172.16.0.2/32,172.16.0.3/32", **keys)
    for first, second in ((16, 32), (24, 24)):
        more = {f"172.16.0.2/{first}", f"172.16.0.3/{second}"}
        reload(a, on_a, EXTRA_ADDRS=",".join(more), **keys)
        wait_for(f"{more} on a", lambda more=more: placed(a) >= more)
    assert on_a.lines("by another program") == []
    assert len(on_a.lines(SWITCHING)) == 2

    a.ip("address", "delete", "172.16.0.2/24", "dev", "eth0")
    on_a.wait_for_line("172.16.0.2 was removed from eth0 by another program")


@both_ways
def test_a_hard_change_restarts_the_instance(a, wire):
    on_a = start_master(a)
    reload(a, on_a, VHID=2, ADDR="172.16.0.2")
    on_a.wait_for_line("new configuration: restarting this instance")
    on_a.wait_for_line(INIT)
    wait_for_no_address(a)
    on_a.wait_for_line(MASTER, count=2)
    wait_for_address(a, "172.16.0.2")
    (*_, last) = wire.wait_more(a.address, 1)
    assert last.vhid == 2
    assert {each.vhid for each in wire.bow_outs(a.address)} == {1}


def test_a_file_edited_badly_changes_nothing(a, wire):
    on_a = start_master(a)
    monitor = AddressMonitor(a)
    reload(a, on_a, ADVSKEW=300, PASS="x" * 20)
    stays = "the running configuration stays"
    on_a.wait_for_line("[ERROR] /etc/ucarp/web.conf:7: UCARP_ADVSKEW: ", "300", stays)
    on_a.wait_for_line("[ERROR] /etc/ucarp/web.conf:4: UCARP_PASS: ", stays)
    (*_, last) = wire.wait_more(a.address, 3)
    assert last.advskew == 0
    assert len(on_a.lines(SWITCHING)) == 2
    assert monitor.lines(VIP) == []
    assert on_a.lines("xxxx") == []
    assert on_a.lines("[WARNING] reloaded: 0 changed, 1 refused (web)")

    reload(a, on_a, ADVSKEW=30)
    (*_, last) = wire.wait_more(a.address, 2)
    assert last.advskew == 30


def test_an_edit_that_cannot_work_on_this_host_changes_nothing(a, wire):
    """Without the refusal, the host's own address would be taken off, or something missing waited for."""
    on_a = start_master(a)
    monitor = AddressMonitor(a)
    for line, key, value in (
        (7, "EXTRA_ADDRS", f"{a.address}/16"),
        (7, "UPSCRIPT", "/nowhere/up.sh"),
        (1, "INTERFACE", "eth7"),
        (2, "SRCIP", "172.16.0.99"),
    ):
        reload(a, on_a, **{key: value})
        fault = f"/etc/ucarp/web.conf:{line}: UCARP_{key}: "
        on_a.wait_for_line(f"[ERROR] {fault}", "the running configuration stays")
        options = ("--reload", str(on_a.pid), "/etc/ucarp/web.conf")
        check = a.start(sys.executable, "-m", "ucarpd", "check", *options)
        assert check.popen.wait(15) == EXIT_CONFIG
        assert check.lines(fault)
    assert len(on_a.lines(SWITCHING)) == 2
    assert monitor.lines(VIP) == []
    assert a.has(a.address)


def test_an_instance_that_waits_takes_any_other_file(a):
    on_a = start(a, INTERFACE="eth7")
    on_a.wait_for_line("Waiting: interface eth7 does not exist")
    for missing in ("eth8", "eth9"):
        reload(a, on_a, INTERFACE=missing)
        on_a.wait_for_line(f"Waiting: interface {missing} does not exist")
    reload(a, on_a)
    on_a.wait_for_line(MASTER)


def test_a_change_is_taken_while_the_interface_is_gone(a):
    on_a = start_master(a)
    a.ip("link", "set", "eth0", "down")
    on_a.wait_for_line(INIT, "interface eth0 is down")
    reload(a, on_a, ADVSKEW=20)
    on_a.wait_for_line("new configuration: applied without a restart")


@both_ways
def test_files_added_and_removed(a, wire):
    on_a = start_master(a)
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    on_a.signal(signal.SIGHUP)
    on_a.wait_for_line("reloaded: 0 changed, 1 started")
    on_a.wait_for_line("mail: Switching to state: MASTER")
    wait_for_address(a, "172.16.0.2")

    (a.conf / "web.conf").unlink()
    on_a.signal(signal.SIGHUP)
    on_a.wait_for_line("web: Switching to state: INIT", "/etc/ucarp/web.conf is gone")
    on_a.wait_for_line("reloaded: 0 changed, 1 ended")
    wait_for_no_address(a)
    assert {each.vhid for each in wire.bow_outs(a.address)} == {1}
    assert a.has("172.16.0.2")
    assert len(on_a.lines("mail: Switching")) == 2
