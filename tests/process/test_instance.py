"""One virtual host from start to stop: the real engine between a fake interface and a fake kernel."""

import asyncio
import errno

import pytest
from instance_bench import TAKES_OVER
from two_addresses import ONE, TWO

from ucarpd.addresses.vmac import LOOK_AFTER
from ucarpd.carp.actions import State
from ucarpd.health.crashes import Crashes
from ucarpd.linux import sysctl
from ucarpd.linux.file_worker import PATIENCE
from ucarpd.linux.lock import AlreadyRunning
from ucarpd.linux.run_directory import private_path
from ucarpd.process.restart_pause import (
    FIRST_RESTART_PAUSE,
    LONGEST_RESTART_PAUSE,
    RESTART_FORGOTTEN_AFTER,
)
from ucarpd.process.script_wait import SCRIPT_LOOK
from ucarpd.record.record import Record, read

# -- its life --------------------------------------------------------------------------------------


async def test_it_takes_the_role_where_nobody_else_has_it(make, log_lines):
    bench = make()
    assert bench.instance.state is State.INIT
    bench.instance.start()
    assert bench.instance.state is State.BACKUP
    assert bench.interface.story == ["attach"]
    await asyncio.sleep(TAKES_OVER)
    assert bench.instance.state is State.MASTER
    assert bench.changes == [State.BACKUP, State.MASTER]
    assert bench.addresses() == {ONE, TWO}
    assert bench.interface.advertised()
    assert 0 < bench.instance.shown.duration < TAKES_OVER
    assert bench.instance.shown.note == ""
    assert not str(bench.lateness).startswith("0 timers")
    assert [line.split(" (")[0] for line in log_lines.told()] == [
        "web: Switching to state: BACKUP",
        "web: Switching to state: MASTER",
    ]


async def test_a_stop_gives_all_back(make):
    bench = make("UCARP_CHECK_UPLINK='link:eth1 demote=7'\n")
    bench.instance.parts.keeper.keep_configuration(bench.instance.config)
    await bench.serve()
    with pytest.raises(AlreadyRunning):
        bench.lock()
    await bench.instance.stop("stopping")
    assert bench.addresses() == set()
    assert set(bench.interface.advertised()) == {255}
    assert bench.interface.story == ["detach"]
    assert read("web", bench.directory) is None
    assert bench.instance.parts.checking.listed() == []
    # Nothing makes the next start look like the one after a crash.
    left = {each.suffix for each in private_path(bench.directory).iterdir()}
    assert left == {".lock", ".vhid"}
    bench.lock().release()


async def test_a_second_stop_waits_for_the_first_one(make):
    bench = make()
    await bench.serve()
    bench.netlink.pause = 1.0
    first = asyncio.create_task(bench.instance.stop("stopping"))
    await asyncio.sleep(0.1)
    assert not first.done()
    await bench.instance.stop("once more")
    assert first.done()
    assert bench.interface.story == ["detach"]


async def test_one_that_was_never_started_can_be_stopped(make):
    bench = make()
    await bench.instance.stop("stopping")
    assert bench.interface.story == []
    bench.lock().release()


async def test_the_addresses_may_be_left_to_the_next_run(make):
    bench = make("UCARP_SHUTDOWN=no\n")
    await bench.serve()
    await bench.instance.stop("stopping")
    assert bench.addresses() == {ONE, TWO}


async def test_a_virtual_mac_device_goes_with_it(make, tmp_path, monkeypatch):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    bench = make("UCARP_VMAC=yes\n")
    bench.instance.start()
    await bench.instance.stop("stopping")
    assert bench.netlink.told()[-1] == "remove eth0-v1"


async def test_a_virtual_mac_device_that_stays_is_no_longer_looked_at(make, tmp_path, monkeypatch):
    """A reload may have started another run of it, with another configuration."""
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    bench = make("UCARP_VMAC=yes\nUCARP_SHUTDOWN=no\n")
    bench.instance.start()
    await asyncio.sleep(1)
    await bench.instance.stop("restarting")
    looks = []
    monkeypatch.setattr(bench.netlink, "beside", lambda *_: looks.append(True))
    bench.instance.parts.addresses._made = True
    await asyncio.sleep(3 * LOOK_AFTER)
    assert looks == []


# -- after a crash ---------------------------------------------------------------------------------


async def test_the_record_is_there_before_the_addresses(make):
    bench = make()
    bench.instance.start()
    await asyncio.sleep(1)
    found = read("web", bench.directory)
    assert [each.ip for each in found.content.addresses] == [str(ONE), str(TWO)]
    assert (found.placed, found.last) == (False, 0.0)
    assert found.content.down_script is None
    await asyncio.sleep(TAKES_OVER)
    found = read("web", bench.directory)
    assert found.placed
    assert found.last > 1000


async def test_the_record_has_the_run_of_the_down_script(make, tmp_path):
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    bench = make(f"UCARP_DOWNSCRIPT={script}\nUCARP_NEUTRAL=yes\n")
    bench.instance.start()
    await asyncio.sleep(0.1)
    said = read("web", bench.directory).content.down_script
    assert said.path == str(script)
    assert said.environment["UCARP_REASON"] == "the daemon has died"
    assert said.environment["UCARP_PREVIOUS_STATE"] == "MASTER"


async def test_what_an_earlier_run_has_left_is_taken_off(make, log_lines):
    bench = make()
    bench.instance.start()
    await asyncio.sleep(1)
    left = read("web", bench.directory).content
    await bench.instance.stop("stopping")
    record = Record("web", bench.directory)
    record.write(left)
    record.placed = True
    record.close()
    log_lines.told()

    again = make()
    again.netlink.put("eth0", ONE)
    again.instance.start()
    await asyncio.sleep(1)
    assert again.addresses() == set()
    told = [line for line in log_lines.told() if "an earlier run" in line]
    assert told == [f"web: {ONE} was left on eth0 by an earlier run; removed"]


async def test_one_that_dies_again_and_again_is_less_fit_for_a_while(make, log_lines):
    bench = make()
    crashes = Crashes("web", bench.directory)
    for _ in range(3):
        crashes.begin(asyncio.get_running_loop().time())
    bench.instance.start()
    assert bench.instance.shown.note == "; demoted: ucarpd has crashed again and again"
    await asyncio.sleep(310)
    assert bench.instance.shown.note == ""
    assert [line for line in log_lines.told() if "demoted" in line] == [
        "web: demoted by 240: ucarpd has crashed again and again",
        "web: no longer demoted",
    ]


# -- scripts that cannot be run --------------------------------------------------------------------


async def test_it_waits_for_scripts_that_are_not_there(make, tmp_path, log_lines):
    up, down = tmp_path / "up.sh", tmp_path / "down.sh"
    bench = make(f"UCARP_UPSCRIPT={up}\nUCARP_DOWNSCRIPT={down}\nUCARP_NEUTRAL=yes\n")
    bench.instance.start()
    await asyncio.sleep(2 * SCRIPT_LOOK)
    assert bench.interface.story == []
    reason = f"{up} cannot be run: it does not exist"
    assert bench.instance.shown.note == f": waiting, {reason}"
    assert log_lines.told() == [f"web: Waiting: {reason}"]
    for script in (up, down):
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
    await asyncio.sleep(1.5 * SCRIPT_LOOK)
    assert bench.interface.story == ["attach"]


async def test_one_that_waits_for_its_scripts_can_be_stopped(make, tmp_path):
    bench = make(f"UCARP_UPSCRIPT={tmp_path / 'up.sh'}\n")
    bench.instance.start()
    await bench.instance.stop("stopping")
    (tmp_path / "up.sh").write_text("#!/bin/sh\n")
    (tmp_path / "up.sh").chmod(0o755)
    await asyncio.sleep(2 * SCRIPT_LOOK)
    assert "attach" not in bench.interface.story


async def test_a_script_on_a_file_system_that_hangs_is_waited_for(make, tmp_path, log_lines):
    up = tmp_path / "up.sh"
    up.write_text("#!/bin/sh\n")
    up.chmod(0o755)
    bench = make(f"UCARP_UPSCRIPT={up}\n")
    bench.files.hangs = True
    bench.instance.start()
    await asyncio.sleep(3 * PATIENCE)
    assert bench.interface.story == []
    (line,) = log_lines.told()
    assert line == f"web: Waiting: the file system of {up} does not answer"
    bench.files.work_again()
    await asyncio.sleep(0.1)
    assert bench.interface.story == ["attach"]


@pytest.mark.parametrize(("ends", "seconds"), [("stop", 2 * PATIENCE), ("fail", 0.1)])
async def test_a_look_at_its_scripts_that_comes_back_too_late(
    make, tmp_path, log_lines, ends, seconds
):
    bench = make(f"UCARP_UPSCRIPT={tmp_path}\n")
    bench.files.hangs = True
    bench.instance.start()
    if ends == "stop":
        await bench.instance.stop("stopping")
    else:
        bench.instance.failed()
    log_lines.told()
    story = list(bench.interface.story)
    await asyncio.sleep(seconds)
    bench.files.work_again()
    await asyncio.sleep(0.1)
    assert bench.interface.story == story
    assert log_lines.told() == []


async def test_its_scripts_cannot_be_looked_at(make, tmp_path, log_lines):
    def do(_job, _done, failed):
        failed(BlockingIOError(errno.EAGAIN, "no thread can be started"))

    bench = make(f"UCARP_UPSCRIPT={tmp_path}\n")
    bench.files.do = do
    bench.instance.start()
    await asyncio.sleep(2 * SCRIPT_LOOK)
    assert log_lines.told() == [
        f"web: Waiting: cannot look at {tmp_path}: no thread can be started"
    ]


# -- a defect --------------------------------------------------------------------------------------


async def test_an_engine_that_fails_gives_up_the_role_and_is_started_again(make, log_lines):
    bench = make()
    bench.breaks_as = State.MASTER
    bench.instance.start()
    while bench.interface.story != ["attach", "detach"]:
        await asyncio.sleep(0.01)
        assert bench.instance.shown.duration < TAKES_OVER
    bench.breaks_as = None
    assert bench.changes == [State.BACKUP, State.MASTER, State.INIT]
    assert bench.addresses() == set()
    assert bench.interface.advertised() == [255]
    told = log_lines.told()
    assert any("internal error" in line for line in told)
    assert "web: starting again in 1 s" in told
    await asyncio.sleep(FIRST_RESTART_PAUSE + TAKES_OVER)
    assert bench.instance.state is State.MASTER
    assert bench.addresses() == {ONE, TWO}


async def test_a_new_start_looks_for_exposed_files_again(make, log_lines):
    bench = make()
    bench.breaks_as = State.BACKUP
    bench.instance.start()
    await asyncio.sleep(0.1)
    bench.breaks_as = None
    bench.config.path.chmod(0o666)
    log_lines.told()
    await asyncio.sleep(FIRST_RESTART_PAUSE + 0.1)
    assert any("can choose what root runs" in line for line in log_lines.told())


async def test_while_it_waits_for_a_new_start_nothing_does_any_harm(make, log_lines):
    bench = make()
    bench.breaks_as = State.BACKUP
    bench.instance.start()
    await asyncio.sleep(0.1)
    assert bench.interface.story == ["attach", "detach"]
    assert bench.instance.shown.note == ": to be started again after an internal error"
    log_lines.told()
    bench.instance.shown.report_status()
    assert log_lines.told() == [
        "web: INIT on eth0 id 1 (to be started again after an internal error)"
    ]
    bench.instance.step_down("asked to step down")
    bench.instance.identity_changed()
    bench.host_demotion.set("eth1 cannot be used", 240)
    bench.instance.demotion_changed()
    bench.instance.reconfigure(bench.config)
    await bench.instance.stop("stopping")
    bench.breaks_as = None
    await asyncio.sleep(2 * FIRST_RESTART_PAUSE)
    assert bench.interface.story == ["attach", "detach"]


async def test_a_reason_that_ends_before_a_new_start_is_told_no_longer(make):
    bench = make()
    bench.host_demotion.set("eth1 cannot be used", 240)
    bench.breaks_as = State.BACKUP
    bench.instance.start()
    await asyncio.sleep(0.1)
    assert bench.happenings[-1].unfitness == 240
    bench.breaks_as = None
    bench.host_demotion.set("eth1 cannot be used", 0)
    bench.instance.demotion_changed()
    await asyncio.sleep(2 * FIRST_RESTART_PAUSE)
    assert bench.happenings[-1].unfitness == 0


async def test_the_pause_before_a_new_start_grows_and_is_forgotten(make, log_lines):
    bench = make()
    bench.breaks_as = State.MASTER
    bench.instance.start()
    await asyncio.sleep(300)
    pauses = restarts(log_lines)
    assert pauses[:4] == [FIRST_RESTART_PAUSE, 2.0, 4.0, 8.0]
    assert pauses[-1] == LONGEST_RESTART_PAUSE
    bench.breaks_as = None
    await asyncio.sleep(LONGEST_RESTART_PAUSE + TAKES_OVER + RESTART_FORGOTTEN_AFTER)
    bench.breaks_as = State.INIT
    bench.interface.engine.interface_lost("eth0 is down", can_send=False)
    await asyncio.sleep(0.1)
    assert restarts(log_lines) == [FIRST_RESTART_PAUSE]


def restarts(log_lines):
    return [float(each.split()[-2]) for each in log_lines.told() if "starting again in" in each]


async def test_after_a_defect_it_tries_again_what_it_could_not(make):
    bench = make()
    await bench.serve()
    bench.instance.unserved((ONE,))
    bench.instance.sending(True)
    bench.interface.error = ZeroDivisionError("a defect")
    while bench.instance.state is State.MASTER:
        await asyncio.sleep(0.01)
    bench.interface.error = None
    await asyncio.sleep(FIRST_RESTART_PAUSE + TAKES_OVER)
    assert bench.instance.state is State.MASTER
    assert bench.instance.parts.standing.unfitness == 0
    assert bench.instance.shown.note == ""


async def test_a_defect_during_the_stop_does_not_hold_it_up(make):
    bench = make()
    await bench.serve()
    bench.breaks_as = State.INIT
    await bench.instance.stop("stopping")
    await asyncio.sleep(TAKES_OVER)
    assert bench.interface.story == ["detach"], "it is not started again"
    assert bench.addresses() == set()
    bench.lock().release()
