"""Many virtual hosts in one process, from start to stop, on a fake kernel and in virtual time.

test_supervisor.py tests faults of single virtual hosts.
"""

import asyncio
import errno
import gc
import os
import signal
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from fake_kernel import FakeNetlink
from fake_sockets import FakeSockets, FakeWatch
from virtual_loop import in_virtual_time

from ucarpd.carp.actions import State
from ucarpd.carp.frame import parse
from ucarpd.carp.packet import decode
from ucarpd.interface import interface
from ucarpd.linux.lock import InstanceLock
from ucarpd.log import lines
from ucarpd.process import supervisor
from ucarpd.process.supervisor import EXIT_ALL_RUN_ELSEWHERE, EXIT_CONFIG, Supervisor

TAKES_OVER = 5.0
"""Seconds after which a host that hears no peer is MASTER."""

A_MOMENT = 0.1


class Host:
    """A machine with eth0, configuration files in one directory, and one supervisor."""

    def __init__(self, directory, run_directory):
        self.directory = directory
        self.run_directory = run_directory
        self.directory.mkdir()
        self.told = []
        """What systemd was told."""
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.setblocking(False)
        self.manager.bind(str(directory.with_name("notify")))

    def write(self, name="web", **keys):
        keys = {"INTERFACE": "eth0", "VHID": 1, "PASS": "geheim", "ADDR": "10.0.0.10/24", **keys}
        path = self.directory / f"{name}.conf"
        path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in keys.items()))
        path.chmod(0o600)
        return path

    def supervisor(self, stay=False):
        self.netlink = FakeNetlink()
        self.netlink.put("eth0", ip_address("10.0.0.1"))
        asyncio.get_running_loop().add_reader(self.manager, self._take_message)
        return Supervisor([self.directory], stay, lambda *_arguments: self.netlink)

    def _take_message(self):
        self.told.append(self.manager.recv(10_000).decode())

    @asynccontextmanager
    async def running(self, stay=False):
        """A supervisor that has started all, and is stopped at the end."""
        supervisor = self.supervisor(stay)
        run = asyncio.create_task(supervisor.run())
        await asyncio.sleep(A_MOMENT)
        assert not run.done()
        yield supervisor
        supervisor._end(signal.SIGTERM)
        assert await run == 0
        assert supervisor._instances == {}

    def serves(self, ip):
        return self.netlink.has("eth0", ip_address(ip))

    def lock(self, name, vhid):
        path = Path(f"/etc/ucarp/{name}.conf")
        return InstanceLock(name, self.run_directory, "eth0", vhid, path)


@pytest.fixture
def host(tmp_path, run_directory, monkeypatch):
    host = Host(tmp_path / "etc", run_directory)
    monkeypatch.setenv("NOTIFY_SOCKET", host.manager.getsockname())
    monkeypatch.setattr(interface, "Sockets", FakeSockets)
    monkeypatch.setattr(interface, "DoubleWatch", FakeWatch)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    yield host
    host.manager.close()
    gc.unfreeze()
    lines.postpone(None)


def states(supervisor):
    return {name: each.state for name, each in supervisor._instances.items()}


def advertised(supervisor):
    """The vhid of each advertisement on eth0, and how fit it says that the host is."""
    sockets = supervisor._interfaces["eth0"]._sockets
    frames = [each for each in sockets.story if isinstance(each, bytes)]
    sockets.story.clear()
    said = [decode(parse(each).payload) for each in frames if each[12:14] == b"\x08\x00"]
    return [(each.vhid, each.advskew) for each in said]


# -- start and stop --------------------------------------------------------------------------------


@in_virtual_time
async def test_from_start_to_stop(host, log_lines):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    async with host.running() as supervisor:
        assert host.told[0].startswith("READY=1\nSTATUS=2 virtual hosts: ")
        assert set(states(supervisor).values()) == {State.BACKUP}
        await asyncio.sleep(TAKES_OVER)
        assert set(states(supervisor).values()) == {State.MASTER}
        assert host.serves("10.0.0.10")
        assert host.serves("10.0.0.20")
        assert {vhid for vhid, _ in advertised(supervisor)} == {1, 2}
    assert not host.serves("10.0.0.10")
    assert not host.serves("10.0.0.20")
    assert "STOPPING=1" in host.told
    assert host.netlink.told()[-1] == "close"
    assert "stopping on SIGTERM" in log_lines.told()
    host.lock("web", 1).release()


@in_virtual_time
async def test_a_bad_file_does_not_keep_the_others_from_starting(host, log_lines):
    host.write()
    host.write("mail", VHID=300)
    async with host.running() as supervisor:
        assert list(states(supervisor)) == ["web"]
    assert any("mail.conf:2: UCARP_VHID" in line for line in log_lines.told())


@pytest.mark.parametrize("stay", [False, True])
@in_virtual_time
async def test_with_nothing_but_bad_files_it_ends(host, stay, log_lines):
    host.write(VHID=300)
    assert await host.supervisor(stay).run() == EXIT_CONFIG
    assert any("web.conf:2: UCARP_VHID" in line for line in log_lines.told())


@in_virtual_time
async def test_without_a_file_it_ends(host, log_lines):
    assert await host.supervisor().run() == EXIT_CONFIG
    assert any("no configuration file" in line for line in log_lines.told())


@in_virtual_time
async def test_without_a_file_it_may_stay_until_there_is_one(host):
    async with host.running(stay=True) as supervisor:
        host.write()
        supervisor.reload()
        await asyncio.sleep(A_MOMENT)
        assert states(supervisor) == {"web": State.BACKUP}


@in_virtual_time
async def test_where_another_process_runs_all_there_is_nothing_to_do(host, log_lines):
    host.write()
    held = host.lock("web", 1)
    assert await host.supervisor().run() == EXIT_ALL_RUN_ELSEWHERE
    held.release()
    assert any(line.startswith("web is already run by") for line in log_lines.told())
    assert host.netlink.told()[-1] == "close"


@in_virtual_time
async def test_where_another_process_runs_one_the_others_are_run(host):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    held = host.lock("web", 1)
    async with host.running() as supervisor:
        assert list(states(supervisor)) == ["mail"]
    held.release()


@in_virtual_time
async def test_without_a_run_directory_it_runs_without_a_lock_and_says_so(host, log_lines):
    host.run_directory.touch()
    host.write()
    async with host.running() as supervisor:
        assert list(states(supervisor)) == ["web"]
    assert any("web: running without a lock" in line for line in log_lines.told())


@in_virtual_time
async def test_advertisements_are_spread_evenly(host):
    supervisor = host.supervisor()
    phases = [supervisor._next_phase() for _ in range(8)]
    assert phases[0] == 1
    gaps = [
        later - sooner for sooner, later in zip([0, *sorted(phases)], sorted(phases), strict=False)
    ]
    assert min(gaps) > 1 / 20
    assert max(gaps) < 1 / 4


# -- signals ---------------------------------------------------------------------------------------


async def send(number):
    """As another process would send it to this one; never where it would end the tests."""
    assert signal.getsignal(number) not in {signal.SIG_DFL, signal.SIG_IGN}
    signal.raise_signal(number)
    await asyncio.sleep(A_MOMENT)


@in_virtual_time
async def test_each_signal_has_its_meaning(host, log_lines):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        log_lines.told()
        await send(signal.SIGUSR1)
        told = log_lines.told()
        assert told[0].startswith("web: MASTER on eth0 id 1 (for ")
        assert " timers: " in told[-1]

        advertised(supervisor)
        await send(signal.SIGUSR2)
        assert advertised(supervisor) == [(1, 254)]

        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        await send(signal.SIGHUP)
        assert set(states(supervisor)) == {"web", "mail"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
@in_virtual_time
async def test_each_of_three_signals_ends_it(host, log_lines, number):
    host.write()
    run = asyncio.create_task(host.supervisor().run())
    await asyncio.sleep(A_MOMENT)
    await send(number)
    assert await run == 0
    assert f"stopping on {number.name}" in log_lines.told()


# -- the host's links and addresses ----------------------------------------------------------------


@in_virtual_time
async def test_a_link_that_is_lost_makes_the_whole_host_less_fit(host):
    host.write()
    host.write("mail", INTERFACE="eth1", ADDR="10.1.0.10/24")
    async with host.running() as supervisor:
        host.netlink.indexes["eth1"] = 3
        host.netlink.put("eth1", ip_address("10.1.0.1"))
        supervisor.link_changed("eth1")
        supervisor.address_added("eth1", ip_address("10.1.0.1"))
        await asyncio.sleep(TAKES_OVER)
        assert states(supervisor) == {"web": State.MASTER, "mail": State.MASTER}
        host.netlink.down.add("eth1")
        supervisor.link_changed("eth1")
        assert states(supervisor)["mail"] is not State.MASTER
        assert supervisor._instances["web"].note == "; less fit: eth1 cannot be used"
        host.netlink.down.clear()
        supervisor.link_changed("eth1")
        assert supervisor._instances["web"].note == ""


@in_virtual_time
async def test_a_source_address_that_stays_away_ends_the_role(host):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        host.netlink.take("eth0", ip_address("10.0.0.1"))
        supervisor.address_removed("eth0", ip_address("10.0.0.1"))
        await asyncio.sleep(TAKES_OVER)
        assert states(supervisor) == {"web": State.INIT}
        assert not host.serves("10.0.0.10")


@in_virtual_time
async def test_each_link_that_counts_is_followed(host):
    host.write(VMAC="yes")
    async with host.running():
        assert {"follow eth0", "follow eth0-v1"} <= set(host.netlink.story)


@in_virtual_time
async def test_what_the_detective_may_suspect_is_what_the_other_files_have(host):
    host.write()
    host.write("mail", VHID=2, PASS="other", ADDR="10.0.0.20/24")
    async with host.running() as supervisor:
        (suspect,) = supervisor._others("web")
        assert (suspect.name, suspect.vhid, suspect.key) == ("mail", 2, b"other")
        assert suspect.hashed == (ip_address("10.0.0.20"),)


# -- reload ----------------------------------------------------------------------------------------


async def reload(supervisor):
    supervisor.reload()
    await asyncio.sleep(A_MOMENT)


@in_virtual_time
async def test_a_reload_leaves_alone_what_has_not_changed(host):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        web = supervisor._instances["web"]
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        host.told.clear()
        await reload(supervisor)
        assert host.told[0].startswith("RELOADING=1")
        assert host.told[1].startswith("READY=1")
        assert supervisor._instances["web"] is web
        assert states(supervisor) == {"web": State.MASTER, "mail": State.BACKUP}


@in_virtual_time
async def test_a_file_that_is_gone_ends_its_virtual_host(host, log_lines):
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    path = host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        path.unlink()
        await reload(supervisor)
        assert list(states(supervisor)) == ["mail"]
        assert not host.serves("10.0.0.10")
        assert host.serves("10.0.0.20")
        host.lock("web", 1).release()


@in_virtual_time
async def test_what_can_be_changed_while_it_serves_is(host):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        web = supervisor._instances["web"]
        host.write(ADVSKEW=50)
        await reload(supervisor)
        assert supervisor._instances["web"] is web
        assert web.config.advskew == 50
        assert web.state is State.MASTER


@in_virtual_time
async def test_what_cannot_makes_a_new_start(host, log_lines):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        web = supervisor._instances["web"]
        host.write(VHID=9)
        await reload(supervisor)
        assert supervisor._instances["web"] is not web
        assert supervisor._instances["web"].config.vhid == 9
        assert not host.serves("10.0.0.10")
    assert any("restarting this instance" in line for line in log_lines.told())


@in_virtual_time
async def test_other_addresses_are_a_flag_day(host, log_lines):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        host.write(ADDR="10.0.0.11/24")
        await reload(supervisor)
    assert any("change it on the other hosts now" in line for line in log_lines.told())


@in_virtual_time
async def test_a_file_that_was_edited_badly_changes_nothing(host, log_lines):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        web = supervisor._instances["web"]
        host.write(VHID=300)
        await reload(supervisor)
        assert supervisor._instances["web"] is web
        assert host.serves("10.0.0.10")
    assert any("web.conf:2: UCARP_VHID" in line for line in log_lines.told())


@in_virtual_time
async def test_a_directory_that_is_gone_changes_nothing(host):
    path = host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        path.unlink()
        host.directory.rmdir()
        await reload(supervisor)
        assert host.serves("10.0.0.10")


@in_virtual_time
async def test_a_reload_that_is_asked_for_during_another_one_is_done_afterwards(host):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        host.netlink.pause = 1.0
        host.write(VHID=9)
        await reload(supervisor)
        assert host.serves("10.0.0.10"), "the first reload waits for the addresses"
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        await reload(supervisor)
        assert "mail" not in states(supervisor)
        host.netlink.pause = 0.0
        await asyncio.sleep(TAKES_OVER)
        assert set(states(supervisor)) == {"web", "mail"}


@in_virtual_time
async def test_a_stop_cuts_a_reload_short(host):
    host.write()
    async with host.running() as supervisor:
        await asyncio.sleep(TAKES_OVER)
        host.netlink.pause = 1.0
        host.write(VHID=9)
        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        await reload(supervisor)
        host.told.clear()
    assert not any(each.startswith("READY") for each in host.told)
    assert not host.serves("10.0.0.10")


# -- systemd and the log ---------------------------------------------------------------------------


@in_virtual_time
async def test_the_status_is_told_when_it_changes(host):
    host.write()
    async with host.running():
        await asyncio.sleep(TAKES_OVER)
        told = [each for each in host.told if each.startswith("STATUS=")]
        assert told[-1].startswith("STATUS=MASTER on eth0, vhid 1, since ")
        number = len(told)
        await asyncio.sleep(TAKES_OVER)
        assert len([each for each in host.told if each.startswith("STATUS=")]) == number


@in_virtual_time
async def test_the_watchdog_is_fed_from_the_loop_that_serves(host, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    host.write()
    async with host.running():
        host.told.clear()
        await asyncio.sleep(60)
        assert host.told.count("WATCHDOG=1") == 6


@in_virtual_time
async def test_a_defect_outside_of_the_engines_is_told(host, log_lines):
    def defect():
        raise ZeroDivisionError("a defect")

    host.write()
    async with host.running() as supervisor:
        asyncio.get_running_loop().call_soon(defect)
        await asyncio.sleep(A_MOMENT)
        assert list(states(supervisor)) == ["web"]
    assert any(line.startswith("internal error: ") for line in log_lines.told())


@pytest.mark.parametrize("policy", [os.SCHED_OTHER, os.SCHED_RR, os.SCHED_FIFO])
@in_virtual_time
async def test_real_time_scheduling_waits_for_no_disk(host, monkeypatch, policy, log_lines):
    locked = []
    monkeypatch.setattr(supervisor.os, "sched_getscheduler", lambda _pid: policy)
    monkeypatch.setattr(supervisor.scheduling, "lock", lambda: locked.append(True))
    host.write()
    async with host.running():
        assert bool(locked) is (policy != os.SCHED_OTHER)


@in_virtual_time
async def test_memory_that_cannot_be_locked_is_told(host, monkeypatch, log_lines):
    def refuse():
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(supervisor.os, "sched_getscheduler", lambda _pid: os.SCHED_RR)
    monkeypatch.setattr(supervisor.scheduling, "lock", refuse)
    host.write()
    async with host.running():
        pass
    assert "cannot lock the memory: Cannot allocate memory" in log_lines.told()
