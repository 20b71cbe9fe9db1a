"""Many instances in one process, two with one vhid, and a second start."""

import signal
import sys

import pytest
from lab import Host, wait_for
from nodes import (
    BACKUP,
    MASTER,
    PASSWORD,
    VIP,
    both_ways,
    conf,
    start,
    start_master,
    use_shipped_scripts,
    wait_for_address,
)


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


def start_copy(host, **keys):
    """A copy of the file in which only the vhid was changed, and what must be changed with it."""
    host.write_conf("copy", conf(host.address, VHID=2, **keys))
    return host.ucarpd("/etc/ucarp/copy.conf")


def is_shared(process):
    return f"{VIP} is also served by process {process.pid}: if two files have it, keep it in one"


@pytest.mark.parametrize("scripted", [False, True])
def test_an_address_goes_with_the_last_process_that_serves_it(a, scripted):
    scripts = use_shipped_scripts(a) if scripted else {}
    web = start_master(a)
    copy = start_copy(a, **scripts)
    if not scripted:  # A script takes it off without a question, and the master puts it back.
        copy.wait_for_line(is_shared(web))
    copy.wait_for_line(MASTER)
    web.stop()
    assert a.has(VIP)
    # At its start it is told by another one, as BACKUP.
    again = a.ucarpd("/etc/ucarp/web.conf")
    again.wait_for_line(is_shared(copy))
    again.wait_for_line(MASTER)
    copy.stop()
    assert a.has(VIP) or scripted
    wait_for_address(a)
    again.stop()
    assert not a.has(VIP)
    for each in (web, copy, again):
        assert each.lines("was removed from eth0 by another program") == [] or scripted


def test_the_address_of_a_dead_process_goes_unless_another_one_serves_it(a):
    web = start_master(a)
    copy = start_copy(a)
    copy.wait_for_line(MASTER)
    web.signal(signal.SIGKILL)
    web.popen.wait(15)
    clear = a.start(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp/web.conf")
    assert clear.popen.wait(15) == 0
    assert a.has(VIP)
    copy.signal(signal.SIGKILL)
    copy.popen.wait(15)
    again = a.ucarpd("/etc/ucarp/web.conf")
    # Nobody else serves it.
    again.wait_for_line(f"{VIP} was already on eth0; removed")
    again.wait_for_line(MASTER)


def test_a_route_goes_with_the_last_process_that_serves_it(a):
    route = "192.0.2.0/24 via 172.16.0.254"
    web = start_master(a, ROUTES=f"'{route}'")
    mail = start_copy(a, ADDR="172.16.0.2", ROUTES=f"'{route}'")
    mail.wait_for_line(MASTER)
    wait_for_address(a, "172.16.0.2")
    for process, is_there in ((web, True), (mail, False)):
        assert a.ip("route", "show", "proto", "112").stdout.startswith(route)
        process.stop()
        assert bool(a.ip("route", "show", "proto", "112").stdout) == is_there
        assert process.lines("route") == []


def test_a_bare_signal_does_not_end_a_virtual_host_for_the_vhid_of_another_process(a):
    web = start_master(a)
    mail = start_copy(a, ADDR="172.16.0.2")
    mail.wait_for_line(MASTER)
    a.write_conf("copy", conf(a.address, VHID=1, ADDR="172.16.0.2"))
    mail.signal(signal.SIGHUP)
    mail.wait_for_line("copy.conf:3: UCARP_VHID: vhid 1 on eth0 is already run", f" {web.pid} ")
    mail.wait_for_line("reloaded: 0 changed, 1 refused (copy)")
    assert a.has("172.16.0.2")
    assert mail.lines("Switching to state: INIT") == []


def test_a_reload_does_not_end_a_virtual_host_for_the_vhid_of_another_process(a):
    web = start_master(a)
    path = "/etc/ucarp/mail.conf"
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    mail = a.ucarpd(path)
    mail.wait_for_line(MASTER)
    a.write_conf("mail", conf(a.address, VHID=1, ADDR="172.16.0.2"))
    check = ("-m", "ucarpd", "check", "--reload", str(mail.pid), path)
    refused = a.start(sys.executable, *check)
    assert refused.popen.wait(15) == 78
    refused.wait_for_line("mail.conf:3: UCARP_VHID: vhid 1 on eth0 is already run", f" {web.pid} ")
    mail.wait_for_line("reloaded: 0 changed, 1 refused (mail)")
    assert a.has("172.16.0.2")
    assert mail.lines("Switching to state: INIT") == []


def test_a_file_that_moves_to_another_process_starts_there_when_the_former_one_lets_it_go(a):
    text = conf(a.address, ADDR="172.16.0.2")
    moved = a.write_conf("one/web", text)
    a.write_conf("two/mail", conf(a.address, VHID=2))
    one, two = a.ucarpd("/etc/ucarp/one"), a.ucarpd("/etc/ucarp/two")
    one.wait_for_line(MASTER)
    two.wait_for_line(MASTER)
    moved.rename(a.conf / "two/web.conf")
    two.signal(signal.SIGHUP)
    two.wait_for_line(f"web is already run by process {one.pid} (/etc/ucarp/one/web.conf)")
    two.wait_for_line("reloaded: 0 changed")
    one.signal(signal.SIGHUP)
    two.wait_for_line("web: Switching to state: MASTER")
    wait_for_address(a, "172.16.0.2")


@both_ways
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


@both_ways
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
