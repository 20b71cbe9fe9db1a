"""After a daemon was killed: the next start, and `ucarpd clear`."""

import shutil
import sys

import pytest
from lab import Host, Process, wait_for
from nodes import (
    MASTER,
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
from other_user import UCARPD_AS_NOBODY
from up_and_down import BOTH, DOWN, write_scripts
from wiretap import Wiretap

LEFT_OVER = f"{VIP} was left on eth0 by an earlier run; removed"


@both_ways
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


@both_ways
def test_a_start_of_other_files_clears_what_is_left_of_a_file_that_is_gone(a, wire):
    kill_master(a, wire)
    remove_file(a)
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    text = (
        f"{VIP} is still on eth0, left by a process that has died: ucarpd clear /etc/ucarp/web.conf"
    )
    assert text in a.ucarpctl("status", "web", check=False).stdout
    check = a.start(sys.executable, "-m", "ucarpd", "check")
    assert check.popen.wait(15) == 0
    assert check.lines(f"/etc/ucarp/web.conf: {text} (warning)")
    on_a = a.ucarpd()
    on_a.wait_for_line(MASTER)
    on_a.wait_for_line(LEFT_OVER)
    assert not a.has(VIP)
    assert "web" not in a.ucarpctl("status", check=False).stdout
    assert on_a.stop() == 0
    assert clear(a).text() == ""


@both_ways
def test_the_virtual_host_of_a_file_that_was_renamed_starts(a, wire):
    kill_master(a, wire)
    remove_file(a)
    a.write_conf("www", conf(a.address, ADDR="172.16.0.2"))
    on_a = a.ucarpd()
    on_a.wait_for_line(MASTER)
    assert not a.has(VIP)


def start_renamed_after(host: Host, wire: Wiretap, down: str) -> Process:
    """Rename the file of a killed master with this down-script, and start again."""
    write_scripts(host)
    kill_master(host, wire, **BOTH)
    write_scripts(host, down=down)
    remove_file(host)
    host.write_conf("www", conf(host.address, ADDR="172.16.0.2"))
    return host.ucarpd()


def test_a_file_that_was_renamed_starts_after_a_slow_down_script(a, wire):
    on_a = start_renamed_after(a, wire, down="sleep 5\n")
    on_a.wait_for_line(MASTER)
    wait_for_address(a, "172.16.0.2")
    assert len(on_a.lines("Spawning", DOWN)) == 1


def test_a_process_that_waits_for_a_slow_down_script_can_be_stopped(a, wire):
    on_a = start_renamed_after(a, wire, down="exec sleep 20\n")
    on_a.wait_for_line("Spawning", DOWN)
    assert on_a.stop() == 0
    assert on_a.lines("ERROR") == []


@pytest.mark.parametrize("name", ["web", "mail"])
def test_the_address_of_a_renamed_interface_goes_although_the_file_has_another_one(a, wire, name):
    kill_master(a, wire)
    remove_file(a)
    for line in ("set eth0 down", "set eth0 name lan0", "set lan0 up"):
        a.ip("link", *line.split())
    a.write_conf(name, conf(a.address, INTERFACE="lan0", ADDR="172.16.0.2"))
    assert a.has(VIP, "lan0")
    on_a = a.ucarpd()
    on_a.wait_for_line(MASTER)
    wait_for_address(a, "172.16.0.2", "lan0")
    assert on_a.lines(f"{VIP} was left on lan0 by an earlier run; removed")
    assert not a.has(VIP, "lan0")


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


@both_ways
@pytest.mark.parametrize("path", ["/etc/ucarp", "/etc/ucarp/web.conf"])
def test_clear_goes_by_the_record_not_by_the_file(a, wire, path):
    kill_master(a, wire)
    (address,) = [each for each in a.addresses() if each["local"] == VIP]
    sockets = shutil.ignore_patterns("*.sock")
    left = shutil.copytree(a.root / "run", a.root / "left", ignore=sockets)
    for edit in (leave_file, edit_address, break_file, remove_file):
        edit(a)
        before = {each["local"] for each in a.addresses()}
        said = clear(a, path)
        assert said.lines(LEFT_OVER), edit
        assert {each["local"] for each in a.addresses()} == before - {VIP}
        assert clear(a, path).text() == ""
        # As the killed process has left it.
        shutil.copytree(left, a.root / "run", dirs_exist_ok=True)
        a.ip("address", "add", f"{VIP}/{address['prefixlen']}", "dev", "eth0")


def test_clear_has_no_word_about_a_file_that_cannot_be_read(a):
    break_file(a)
    assert clear(a).text() == ""
    assert clear(a, "/etc/ucarp").text() == ""


@both_ways
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


@both_ways
def test_a_hosts_only_address_named_by_mistake_stays(a):
    daemon = start(a, ADDR=a.address, SRCIP=None)
    daemon.wait_for_line("Waiting: ")
    assert daemon.stop() == 0
    assert clear(a).text() == ""
    assert a.has(a.address)


@both_ways
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


@both_ways
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


@both_ways
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
    process = a.start(*UCARPD_AS_NOBODY, "clear", "/etc/ucarp")
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
    on_a.wait_for_line("demoted by 240: ucarpd has crashed again and again")
    wire.wait_more(b.address, 3)
    assert on_a.lines(MASTER) == []
    assert len(on_b.lines(MASTER)) == 2
