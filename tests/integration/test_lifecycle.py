"""Start, crash, stop, reload, signals, and many instances in one process."""

import re
import signal
import sys
import time

import pytest
from lab import Host, Process, wait_for
from nodes import (
    BACKUP,
    INIT,
    MASTER,
    PASSWORD,
    SWITCHING,
    VIP,
    ScriptedHost,
    both_ways,
    conf,
    note,
    start,
    start_backup,
    start_master,
    wait_for_address,
    wait_for_no_address,
)
from wiretap import Wiretap

pytestmark = both_ways

LEFT_OVER = f"{VIP} was left on eth0 by an earlier run; removed"


class AddressMonitor:
    """What `ip monitor` prints about the addresses of a host, from construction on."""

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


# -- crash -------------------------------------------------------------------------------------------


def test_the_next_start_clears_what_a_killed_master_left(a, b, wire):
    killed = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 1)
    killed.kill()
    on_b.wait_for_line(MASTER)
    wait_for_address(b)
    assert a.has(VIP)

    on_a = start_backup(a)
    wait_for_no_address(a)
    if not isinstance(a, ScriptedHost):
        on_a.wait_for_line(LEFT_OVER)
    wire.wait_more(b.address, 4)
    assert on_a.lines(MASTER) == []
    assert not a.has(VIP)


def clear(host: Host, path: str = "/etc/ucarp/web.conf", **environment: str) -> Process:
    """Run `ucarpd clear` to its end."""
    process = host.start(
        sys.executable, "-m", "ucarpd", "clear", path, environment=environment or None
    )
    assert process.popen.wait(15) == 0, process.text()
    return process


def kill_master(host: Host, wire: Wiretap, **keys: object) -> None:
    """Serve, and die at once after an advertisement."""
    process = start_master(host, **keys)
    wire.wait_more(host.address, 1)
    process.kill()
    assert host.has(VIP)


def test_clear_leaves_a_running_instance_alone(a):
    running = start_master(a)
    for path in ("/etc/ucarp", "/etc/ucarp/web.conf"):
        assert clear(a, path).lines("web is already run by process", f" {running.pid} ")
    assert a.has(VIP)


def remove_file(host: Host) -> None:
    (host.conf / "web.conf").unlink()


def break_file(host: Host) -> None:
    host.write_conf("web", "UCARP_VHID=\x00\n")


def edit_address(host: Host) -> None:
    host.ip("address", "add", "172.16.0.2/16", "dev", "eth0")
    host.write_conf("web", conf(host.address, ADDR="172.16.0.2"))


def leave_file(host: Host) -> None:
    """As it was."""


@pytest.mark.parametrize("path", ["/etc/ucarp", "/etc/ucarp/web.conf"])
@pytest.mark.parametrize("edit", [leave_file, remove_file, break_file, edit_address])
def test_clear_goes_by_the_record_not_by_the_file(a, wire, edit, path):
    kill_master(a, wire)
    edit(a)
    before = {each["local"] for each in a.addresses()}
    said = clear(a, path)
    assert said.lines(LEFT_OVER)
    assert {each["local"] for each in a.addresses()} == before - {VIP}
    assert clear(a, path).text() == ""


def test_clear_has_no_word_about_a_file_that_cannot_be_read(a):
    break_file(a)
    assert clear(a).text() == ""
    assert clear(a, "/etc/ucarp").text() == ""


def test_clear_touches_nothing_that_a_backup_has_not_put_there(a, b, wire):
    start_master(b)
    daemon = start_backup(a)
    wire.wait_more(b.address, 1)
    daemon.kill()
    # The operator's, of the same name.
    a.ip("address", "add", f"{VIP}/32", "dev", "eth0")
    assert clear(a).text() == ""
    assert a.has(VIP)
    assert wire.bow_outs(a.address) == []


def test_a_hosts_only_address_named_by_mistake_stays(a):
    daemon = start(a, ADDR=a.address, SRCIP=None)
    daemon.wait_for_line("Waiting: ")
    assert daemon.stop() == 0
    assert clear(a).text() == ""
    assert a.has(a.address)


def test_clear_finds_the_address_with_another_prefix_length_and_leaves_the_others(a, wire):
    kill_master(a, wire)
    a.ip("address", "flush", "dev", "eth0")
    # The virtual address is primary, and the kernel would take the host's own along.
    for address in (f"{VIP}/24", f"{a.address}/24", "172.16.0.77/24"):
        a.ip("address", "add", address, "dev", "eth0", "label", "eth0:1")
    a.ip("route", "add", "default", "via", "172.16.0.254", "src", a.address)
    clear(a)
    left = {(each["local"], each["prefixlen"], each["label"]) for each in a.addresses()}
    assert left == {(a.address, 24, "eth0:1"), ("172.16.0.77", 24, "eth0:1")}
    assert f"src {a.address}" in a.ip("route", "show", "default").stdout
    setting = a.run("cat", "/proc/sys/net/ipv4/conf/eth0/promote_secondaries").stdout
    assert setting == "0\n"


def test_a_peer_serves_at_once_after_clear(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)
    on_a.kill()
    said = clear(a)
    on_b.wait_for_line(MASTER, f"{a.address} bowed out")
    wait_for_address(b)
    assert not a.has(VIP)
    assert said.lines("[INFO] web: bowed out for the process that died")
    last = [each for each in wire.advertisements(a.address) if not each.is_bow_out][-1]
    first, second = wire.bow_outs(a.address)
    taken_over = wire.wait(b.address)[0]
    note(f"clear to takeover {taken_over.at - first.at:.4f} s")
    assert last.counter < first.counter < second.counter
    assert taken_over.at - first.at < 0.5


@pytest.mark.parametrize("result", ["watchdog", "timeout"])
def test_a_process_that_hung_has_lost_the_role_already(a, wire, result):
    kill_master(a, wire)
    assert clear(a, SERVICE_RESULT=result).lines(LEFT_OVER)
    assert not a.has(VIP)
    wire.wait_quiet()
    assert wire.bow_outs(a.address) == []


def test_a_process_that_died_long_ago_has_lost_the_role_already(a, b, wire):
    kill_master(a, wire)
    start_master(b)
    wire.wait_more(b.address, 2)
    clear(a)
    wire.wait_more(b.address, 1)
    assert wire.bow_outs(a.address) == []
    assert not a.has(VIP)


def test_clear_runs_the_down_script_of_the_record(a, wire):
    a.write("ucarp/up.sh", f"#!/bin/sh\nip address add {VIP}/16 dev $1\n")
    down = "#!/bin/sh\necho ran $* $UCARP_STATE $UCARP_PREVIOUS_STATE $UCARP_REASON $UCARP_VHID\n"
    a.write("ucarp/down.sh", down)
    scripts = {"UPSCRIPT": "/etc/ucarp/up.sh", "DOWNSCRIPT": "/etc/ucarp/down.sh"}
    kill_master(a, wire, **scripts, XPARAM="more")
    remove_file(a)
    said = clear(a)
    said.wait_for_line(f"ran eth0 {VIP} more INIT MASTER the daemon has died 1")
    assert not a.has(VIP)


def test_clear_leaves_what_is_to_stay_at_a_stop(a, wire):
    kill_master(a, wire, SHUTDOWN="no")
    assert clear(a).text() == ""
    assert a.has(VIP)
    assert wire.bow_outs(a.address) == []


def test_clear_of_unicast_peers(a, b):
    with Wiretap(b.namespace, "eth0") as at_b:
        kill_master(a, at_b, PEERS=f"{a.address} {b.address}")
        clear(a)
        bow_outs = wait_for("both bow-outs", lambda: at_b.bow_outs(a.address)[1:])
        assert bow_outs[0].destination == b.address


def test_clear_needs_root(a):
    process = a.start(
        *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"),
        *(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp"),
    )
    assert process.popen.wait(15) == 77
    process.wait_for_line("must run as root")


def test_a_crash_loop_does_not_move_the_role_each_time(a, b, wire):
    """The host that preempts is killed again and again; its peer serves on."""
    on_a = start_master(a, PREEMPT="yes")
    on_b = start_backup(b, ADVSKEW=100)
    clear = (sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp")
    for death in range(4):
        if death < 2:
            wait_for_address(a)
            wire.wait_more(a.address, 1)
        on_a.kill()
        assert a.start(*clear).popen.wait(15) == 0
        wait_for_address(b)
        on_a = start_backup(a, PREEMPT="yes")
    on_a.wait_for_line("demoted by 240: crashed")
    wire.wait_more(b.address, 3)
    assert on_a.lines(MASTER) == []
    assert len(on_b.lines(MASTER)) == 2


# -- stop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
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


def test_stop_without_shutdown_keeps_the_address(a, wire):
    """UCARP_SHUTDOWN=no, ucarp's own default."""
    daemon = start_master(a, SHUTDOWN="no")
    assert daemon.stop() == 0
    assert a.has(VIP)
    assert wire.bow_outs(a.address) == []


# -- reload ------------------------------------------------------------------------------------------


def reload(host: Host, daemon: Process, **keys: object) -> None:
    """Edit the file, and wait until the daemon has read it."""
    count = len(daemon.lines("reloaded: "))
    host.write_conf("web", conf(host.address, **keys))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: ", count=count + 1)


def test_a_soft_change_keeps_the_role_and_the_address(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    monitor = AddressMonitor(a)
    wire.wait_more(a.address, 2)

    reload(a, on_a, ADVSKEW=20, PREEMPT="yes")
    on_a.wait_for_line("new configuration, taken over while running")
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


# -- the other signals -------------------------------------------------------------------------------


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


def test_step_down(a, b, wire):
    """The preferred host, asked to step down, stays down for a while and then takes over again."""
    on_a = start_master(a, PREEMPT="yes")
    on_b = start_backup(b, ADVSKEW=100)
    wire.wait_more(a.address, 2)

    on_a.signal(signal.SIGUSR2)
    on_b.wait_for_line(MASTER, f"{a.address} is less fit")
    on_a.wait_for_line(BACKUP, f"{b.address} is preferred")
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


# -- several -----------------------------------------------------------------------------------------


def test_a_second_start_names_the_process_that_runs(a, wire):
    first = start_master(a)
    second = a.ucarpd("/etc/ucarp/web.conf")
    assert second.popen.wait(15) == 75
    second.wait_for_line("[ERROR] web is already run by process", f" {first.pid} ")
    wire.wait_more(a.address, 2)
    assert first.is_running
    assert a.has(VIP)


def test_two_files_with_one_vhid_do_not_run_beside_each_other(a, wire):
    first = start_master(a)
    a.write_conf("copy", conf(a.address))
    second = a.ucarpd("/etc/ucarp/copy.conf")
    assert second.popen.wait(15) == 75
    second.wait_for_line(
        "[ERROR] copy: vhid 1 on eth0 is already run by process",
        f" {first.pid} (/etc/ucarp/web.conf)",
    )
    assert a.has(VIP)


@pytest.mark.parametrize("options", ["ro", "size=4k", "nr_inodes=1"])
def test_a_run_directory_without_room_keeps_no_address_from_being_served(a, options):
    """Read-only, full, without inodes: none of them is "already run by another process"."""
    run = a.root / "run"
    run.mkdir()
    a.write_conf("web", conf(a.address))
    prepare = (
        f'mount -t tmpfs -o {options} none "$0"; head -c 9999 /dev/zero > "$0/full"; exec "$@"'
    )
    ucarpd = (sys.executable, "-m", "ucarpd", "run", "/etc/ucarp/web.conf")
    daemon = a.start("sh", "-c", prepare, str(run), *ucarpd)
    daemon.wait_for_line(MASTER)
    wait_for_address(a)
    daemon.wait_for_line("[ERROR] web: serving without a record")
    assert daemon.stop() == 0
    assert not a.has(VIP)
    assert daemon.lines("Traceback") == []


def test_one_bad_file_does_not_touch_the_others(a, wire):
    a.write_conf("bad", conf(a.address, VHID=300, ADDR="172.16.0.3"))
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    a.write_conf("twin", conf(a.address, VHID=2, ADDR="172.16.0.4"))
    a.write("ucarp/old.conf.bak", "not a configuration")
    daemon = start(a)
    daemon.wait_for_line("[ERROR] /etc/ucarp/bad.conf:3: UCARP_VHID: ", "300")
    daemon.wait_for_line("[ERROR] /etc/ucarp/twin.conf:3: UCARP_VHID: ", "/etc/ucarp/mail.conf:3")
    daemon.wait_for_line("web: Switching to state: MASTER")
    daemon.wait_for_line("mail: Switching to state: MASTER")
    for address, present in (("172.16.0.2", True), (VIP, True), ("172.16.0.4", False)):
        wait_for(f"{address}", lambda address=address, present=present: a.has(address) == present)
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("mail: MASTER on eth0 id 2")
    daemon.wait_for_line("web: MASTER on eth0 id 1")
    assert daemon.lines("id 300") == []


def test_twenty_instances_in_one_process(a, b, wire):
    vhids = range(1, 21)
    for host in (a, b):
        for vhid in vhids:
            text = conf(host.address, VHID=vhid, ADDR=f"172.16.1.{vhid}")
            host.write_conf(f"v{vhid}", text)
    addresses = {f"172.16.1.{vhid}" for vhid in vhids}

    def has_all(host: Host) -> bool:
        return addresses <= {each["local"] for each in host.addresses()}

    on_a = a.ucarpd()
    on_a.wait_for_line(MASTER, count=20)
    wait_for("all addresses on a", lambda: has_all(a))
    on_b = b.ucarpd()
    on_b.wait_for_line(BACKUP, count=20)
    wire.wait_more(a.address, 100)
    assert on_b.lines(MASTER) == []

    assert on_a.stop() == 0
    on_b.wait_for_line(MASTER, f"{a.address} bowed out", count=20)
    wait_for("all addresses on b", lambda: has_all(b))
    assert [each["local"] for each in a.addresses()] == [a.address]
    assert {each.vhid for each in wire.bow_outs(a.address)} == set(vhids)
    assert on_b.lines(PASSWORD) == []
