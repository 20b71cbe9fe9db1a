"""One process from start to stop: exit statuses, signals, the kernel's notices and systemd."""

import asyncio
import errno
import os
import resource
import signal
from functools import partial
from ipaddress import ip_address

import pytest
from one_process import A_MOMENT, TAKES_OVER, advertised, send, send_and_wait, states

from ucarpd.carp.actions import State
from ucarpd.exit_status import EXIT_ALL_RUN_ELSEWHERE, EXIT_CONFIG, EXIT_INTERNAL_ERROR
from ucarpd.linux.held_signals import SIGNALS
from ucarpd.linux.lock import InstanceLock
from ucarpd.process import main

# -- start and stop --------------------------------------------------------------------------------------


async def test_from_start_to_stop(host, log_lines):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    async with host.running() as process:
        assert host.told[0].startswith("READY=1\nSTATUS=2 virtual hosts: ")
        assert set(states(process).values()) == {State.BACKUP}
        await asyncio.sleep(TAKES_OVER)
        assert set(states(process).values()) == {State.MASTER}
        assert host.serves("10.0.0.10")
        assert host.serves("10.0.0.20")
        assert {vhid for vhid, _ in advertised(process)} == {1, 2}
    assert not host.serves("10.0.0.10")
    assert not host.serves("10.0.0.20")
    assert "STOPPING=1" in host.told
    assert host.netlink.told()[-1] == "close"
    assert "stopping on SIGTERM" in log_lines.told()
    host.lock("web", 1).release()


@pytest.mark.parametrize("stay", [False, True])
async def test_with_nothing_but_bad_files_it_ends(host, stay, log_lines):
    host.write(VHID=300)
    assert await host.process(stay).run() == EXIT_CONFIG
    assert any("web.conf:2: UCARP_VHID" in line for line in log_lines.told())


@pytest.mark.parametrize("where", ["directory", "file"])
async def test_without_descriptors_to_read_a_file_systemd_tries_again(host, where, log_lines):
    path = host.write()
    if where != "directory":
        host.path = path
    process = host.process()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    status = await process.run()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert status == EXIT_INTERNAL_ERROR
    assert any(line.endswith(": Too many open files") for line in log_lines.told())


async def test_without_a_file_it_ends(host, log_lines):
    assert await host.process().run() == EXIT_CONFIG
    assert any("no configuration file" in line for line in log_lines.told())


async def test_without_a_file_it_may_stay_until_there_is_one(host):
    async with host.running(stay=True) as process:
        host.write()
        send(signal.SIGHUP)
        await asyncio.sleep(A_MOMENT)
        assert states(process) == {"web": State.BACKUP}


async def test_where_another_process_runs_all_there_is_nothing_to_do(host, log_lines):
    host.write()
    held = host.lock("web", 1)
    assert await host.process().run() == EXIT_ALL_RUN_ELSEWHERE
    held.release()
    assert any(line.startswith("web is already run by") for line in log_lines.told())
    assert host.netlink.told()[-1] == "close"


async def test_what_is_still_being_cleared_is_tried_again_by_systemd(host, log_lines):
    """Status 75 would be the end: the `clear` of ucarpd.service also clears after an instance that died."""
    host.write()
    clearing = InstanceLock("web", host.run_directory, "eth0", 1, None)
    assert await host.process().run() == EXIT_INTERNAL_ERROR
    clearing.release()
    assert any(line.startswith("web is being cleared by") for line in log_lines.told())


async def test_without_the_kernel_s_tables_it_ends_with_a_line(host, monkeypatch, log_lines):
    async def no_memory():
        raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))

    host.write()
    process = host.process()
    monkeypatch.setattr(host.netlink, "open", no_memory)
    assert await process.run() == EXIT_INTERNAL_ERROR
    assert "cannot read links and addresses: No buffer space available" in log_lines.told()
    assert host.netlink.told()[-1] == "close"


# -- signals ---------------------------------------------------------------------------------------------


async def test_each_signal_has_its_meaning(host, log_lines):
    host.write()
    async with host.serving() as process:
        log_lines.told()
        await send_and_wait(signal.SIGUSR1)
        told = log_lines.told()
        assert told[0].startswith("web: MASTER on eth0 id 1 (for ")
        assert " timers: " in told[-1]

        advertised(process)
        await send_and_wait(signal.SIGUSR2)
        assert advertised(process) == [(1, 254)]

        host.write("mail", VHID=2, ADDR="10.0.0.20/24")
        await send_and_wait(signal.SIGHUP)
        assert set(states(process)) == {"web", "mail"}


@pytest.mark.parametrize(
    "wake",
    [
        lambda: asyncio.get_running_loop().call_soon_threadsafe(int),
        partial(os.kill, os.getpid(), signal.SIGCHLD),
    ],
    ids=["threads", "children that end"],
)
async def test_a_signal_is_heard_while_the_loop_is_woken_a_thousand_times(
    *, wake, host, log_lines, capfd
):
    host.write()
    async with host.running():
        for _ in range(1000):
            wake()
        await send_and_wait(signal.SIGHUP)
        assert "reloaded: 0 changed" in log_lines.told()
    assert capfd.readouterr().err == ""


async def test_no_signal_has_its_default_action_at_the_end(host, monkeypatch):
    actions = []
    act = signal.signal
    monkeypatch.setattr(signal, "signal", lambda *given: actions.append(given) or act(*given))
    assert await host.process().run() == EXIT_CONFIG
    assert dict.fromkeys(SIGNALS, signal.SIG_IGN).items() <= dict(actions).items()
    assert not {(number, signal.SIG_DFL) for number in SIGNALS} & set(actions)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
async def test_each_of_three_signals_ends_it(host, log_lines, number):
    host.write()
    run = asyncio.create_task(host.process().run())
    await asyncio.sleep(A_MOMENT)
    await send_and_wait(number)
    assert await run == 0
    assert f"stopping on {number.name}" in log_lines.told()


# -- from netlink -----------------------------------------------------------------------------------------


async def test_a_source_address_that_stays_away_ends_the_role(host):
    host.write()
    async with host.serving() as process:
        host.netlink.take("eth0", ip_address("10.0.0.1"))
        process.address_removed("eth0", ip_address("10.0.0.1"))
        await asyncio.sleep(TAKES_OVER)
        assert states(process) == {"web": State.INIT}
        assert not host.serves("10.0.0.10")


# -- systemd and the log -----------------------------------------------------------------------------------


async def test_the_status_is_told_when_it_changes(host):
    host.write()
    async with host.serving():
        told = [each for each in host.told if each.startswith("STATUS=")]
        assert told[-1].startswith("STATUS=MASTER on eth0, vhid 1, since ")
        number = len(told)
        await asyncio.sleep(TAKES_OVER)
        assert len([each for each in host.told if each.startswith("STATUS=")]) == number


async def test_the_status_of_many_is_not_made_anew_for_each_of_them(host, monkeypatch):
    for n in range(40):
        host.write(f"v{n}", VHID=n + 1, ADDR=f"10.0.1.{n}/16")
    async with host.running() as process:
        made = []
        monkeypatch.setattr(process._answers, "status", lambda: made.append("a line") or "")
        for _ in range(3):
            process.status_changed()
            await asyncio.sleep(0.007)
        assert made == ["a line"]


async def test_the_watchdog_is_fed_from_the_loop_that_serves(host, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    host.write()
    async with host.running():
        host.told.clear()
        await asyncio.sleep(60)
        assert host.told.count("WATCHDOG=1") == 6


async def test_a_defect_outside_of_the_engines_is_told(host, log_lines):
    def defect():
        raise ZeroDivisionError("a defect")

    host.write()
    async with host.running() as process:
        asyncio.get_running_loop().call_soon(defect)
        await asyncio.sleep(A_MOMENT)
        assert list(states(process)) == ["web"]
    assert any(line.startswith("internal error: ") for line in log_lines.told())


@pytest.mark.parametrize("policy", [os.SCHED_OTHER, os.SCHED_RR, os.SCHED_FIFO])
async def test_real_time_scheduling_waits_for_no_disk(host, monkeypatch, policy, log_lines):
    locked = []
    monkeypatch.setattr(main.os, "sched_getscheduler", lambda _pid: policy)
    monkeypatch.setattr(main.scheduling, "lock_memory", lambda: locked.append(True))
    host.write()
    async with host.running():
        assert bool(locked) is (policy != os.SCHED_OTHER)


async def test_memory_that_cannot_be_locked_is_told(host, monkeypatch, log_lines):
    def refuse():
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(main.os, "sched_getscheduler", lambda _pid: os.SCHED_RR)
    monkeypatch.setattr(main.scheduling, "lock_memory", refuse)
    host.write()
    async with host.running():
        pass
    assert "cannot lock the memory: Cannot allocate memory" in log_lines.told()


async def test_the_status_line_says_what_an_instance_waits_for(host):
    host.write(INTERFACE="hots0")
    async with host.running():
        text = "INIT: waiting, interface hots0 does not exist (hots0, vhid 1, since "
        assert host.told[0].startswith(f"READY=1\nSTATUS={text}")
