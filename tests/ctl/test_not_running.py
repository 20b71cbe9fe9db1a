"""What no process answers for, and why."""

import os
from pathlib import Path

import pytest
from fake_process import BACKUP
from other_user import as_nobody

from ucarpd.ctl import not_running, units
from ucarpd.ctl.processes import Answer
from ucarpd.linux.lock import InstanceLock

GOOD = """\
UCARP_INTERFACE=eth0
UCARP_VHID=1
UCARP_PASS='not this one'
UCARP_ADDR=192.0.2.10/24
"""

UNIT = """\
Result={result}
ExecMainStatus={status}
Id={name}
ActiveState={active}
SubState={sub}
UnitFileState={enabled}
StateChangeTimestamp=@1795651000
"""


def unit(name, active="failed", sub="failed", result="exit-code", status=78, enabled="disabled"):
    text = UNIT.format(
        name=name, active=active, sub=sub, result=result, status=status, enabled=enabled
    )
    return units.parsed(text)


def stopped(name, enabled):
    return unit(name, "inactive", "dead", "success", 0, enabled)


def found(answers=(), loaded=None):
    return [
        (each["name"], each["state"], each["reason"])
        for each in not_running.find(answers, loaded or {})
    ]


def runs(*names):
    """An answer of a process that runs these instances."""
    return Answer(1, {"instances": [BACKUP | {"name": name} for name in names]})


@pytest.fixture
def write(files):
    def write(name, text=GOOD):
        path = files / f"{name}.conf"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


def test_copies_that_editors_leave_are_no_instances(write, files):
    write("web")
    (files / "web.conf.bak").write_text(GOOD)
    assert not_running.names_of_files() == {"web"}


def test_what_runs_is_not_looked_at(write):
    write("web", "rubbish")
    assert found([runs("web")]) == []


def test_a_file_that_nobody_runs(write):
    write("web")
    (Path(write("web").parent) / ".hidden.conf").touch()
    assert found() == [("web", "stopped", "no process runs it: systemctl enable --now ucarpd@web")]


def test_a_file_whose_virtual_host_another_instance_runs(write):
    """The start script of an article reads it for `ucarp`: its own unit would not start."""
    write("web", GOOD.replace("VHID=1", f"VHID={BACKUP['vhid']}"))
    reason = "ucarp-eth0-2 already runs vhid 2 on eth0: stop it before you start ucarpd@web"
    assert found([runs("ucarp-eth0-2")]) == [("web", "stopped", reason)]
    write("web", GOOD)
    [(_, _, reason)] = found([runs("ucarp-eth0-2")])
    assert reason.startswith("no process runs it")


@pytest.mark.parametrize(
    ("all_files", "own", "command"),
    [
        ("disabled", "disabled", "enable --now ucarpd@web"),
        ("enabled", None, "start ucarpd.service"),
        ("enabled", "disabled", "start ucarpd.service"),
        ("enabled", "enabled", "start ucarpd@web.service"),
        ("disabled", "enabled", "start ucarpd@web.service"),
    ],
)
def test_the_unit_that_runs_a_file_at_boot_is_named(write, all_files, own, command):
    """A unit of its own would part one leg of a gateway from the other."""
    write("web")
    loaded = stopped("ucarpd.service", all_files)
    if own:
        loaded |= stopped("ucarpd@web.service", own)
    assert found([], loaded) == [("web", "stopped", f"no process runs it: systemctl {command}")]


def test_a_file_that_the_running_process_has_not_read_yet(write):
    write("web")
    loaded = unit("ucarpd.service", "active", "running", "success", 0)
    assert found([runs("mail")], loaded) == [
        ("web", "stopped", "ucarpd has not read its file yet: systemctl reload ucarpd")
    ]


def test_a_file_with_a_mistake(write):
    path = write("web", GOOD.replace("=1\n", "=300\n").replace("eth0", ""))
    [(_, state, reason)] = found()
    assert state == "failed"
    assert reason.startswith(f"{path}:1: UCARP_INTERFACE: ")
    assert reason.endswith("(and 1 more: ucarpd check)")


def test_a_file_that_a_process_has_refused(write):
    path = write("web", "rubbish")
    refused = [{"name": "web", "path": str(path), "problems": ["web.conf:1: rubbish"]}]
    answer = Answer(1, {"instances": [], "refused": refused})
    assert found([answer]) == [("web", "failed", "web.conf:1: rubbish")]


def test_a_refused_file_whose_old_configuration_runs_is_not_absent():
    refused = [{"name": "web", "path": "/etc/ucarp/web.conf", "problems": ["rubbish"]}]
    answer = Answer(1, {"instances": [BACKUP | {"name": "web"}], "refused": refused})
    assert found([answer]) == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "exit status 78, bad configuration"),
        ({"status": 77}, "exit status 77, not enough privileges"),
        ({"status": 1}, "exit status 1"),
        ({"result": "signal", "status": 9}, "killed by signal 9"),
        ({"result": "watchdog", "status": 9}, "it hung, and was killed"),
        ({"result": "something-new"}, "something-new"),
    ],
)
def test_a_unit_that_has_failed(write, fields, why):
    write("web")
    name = "ucarpd@web.service"
    reason = f"{name} has failed ({why}): journalctl -u {name}"
    [absent] = not_running.find([], unit(name, **fields))
    assert absent == {
        "name": "web",
        "path": str(not_running.DIRECTORY / "web.conf"),
        "state": "failed",
        "reason": reason,
        "since": "2026-11-25T23:56:40.000Z",
    }


def test_a_unit_that_systemd_starts_again(write):
    write("web")
    loaded = unit("ucarpd@web.service", "activating", "auto-restart", status=1)
    [(_, state, reason)] = found(loaded=loaded)
    assert state == "failed"
    assert "(exit status 1); systemd starts it again: " in reason


def test_a_mistake_in_the_file_says_more_than_the_exit_status(write):
    path = write("web", "UCARP_VHID=300")
    [(_, state, reason)] = found(loaded=unit("ucarpd@web.service"))
    assert state == "failed"
    assert str(path) in reason


def test_a_failed_unit_whose_file_is_gone():
    [(name, state, reason)] = found(loaded=unit("ucarpd@gone.service"))
    assert (name, state) == ("gone", "failed")
    assert reason.endswith(
        "gone.conf: does not exist; to forget it, type: systemctl reset-failed ucarpd@gone.service"
    )


def test_a_failed_unit_whose_file_has_another_name(files):
    (files / "web.conf.txt").write_text(GOOD)
    [(_, _, reason)] = found(loaded=unit("ucarpd@web.service"))
    assert f"/web.conf: does not exist, but {files}/web.conf.txt does: type: mv " in reason


def test_the_unit_of_all_files_has_failed(write):
    write("web")
    [(_, state, reason)] = found(loaded=unit("ucarpd.service", status=1))
    assert state == "failed"
    assert reason.startswith("ucarpd.service has failed (exit status 1)")


@pytest.mark.parametrize("name", ["ucarpd@web.service", "ucarpd.service"])
def test_a_unit_that_is_starting(write, name):
    write("web")
    loaded = unit(name, "activating", "start", "success", 0)
    assert found(loaded=loaded) == [
        ("web", "unknown", f"{name} is activating, and does not answer yet")
    ]


# -- processes that do not answer ------------------------------------------------------------------


@pytest.fixture
def lock(run_directory):
    """The locks of an instance that this process runs."""
    lock = InstanceLock("web", run_directory, "eth0", 1, Path("/srv/web.conf"))
    yield lock
    lock.release()


def test_the_instances_of_a_silent_process_are_known_by_their_locks(lock):
    pid = os.getpid()
    [absent] = not_running.find([Answer(pid, fault="does not answer")], {})
    assert absent == {
        "name": "web",
        "path": "/srv/web.conf",
        "state": "unknown",
        "reason": f"process {pid} does not answer",
    }


def test_a_silent_process_whose_instances_are_not_known():
    assert found([Answer(1, fault="does not answer")]) == [
        (None, "unknown", "process 1 does not answer")
    ]


def test_a_process_without_a_socket_is_known_by_its_locks(lock, write):
    write("web", "rubbish")
    reason = f"process {os.getpid()} has no control socket: it is starting, or is an older ucarpd"
    assert found() == [("web", "unknown", reason)]


def test_a_lock_without_a_holder_proves_nothing(lock):
    lock.release()
    assert found() == []


# -- other users -----------------------------------------------------------------------------------


def test_another_user_cannot_tell_what_a_file_says(write):
    write("web").chmod(0)
    with as_nobody():
        assert found() == [("web", "unknown", "needs root")]
        assert found([runs("web")]) == []
        [(_, state, reason)] = found(loaded=unit("ucarpd@web.service", status=1))
        assert state == "failed"
        assert reason.startswith("ucarpd@web.service has failed (exit status 1)")


def test_another_user_cannot_look_into_the_directory(files):
    assert not not_running.cannot_look()
    files.chmod(0)
    with as_nobody():
        assert not_running.cannot_look()
        assert found() == []


@pytest.mark.parametrize("may_list", [False, True])
def test_a_directory_that_may_not_be_searched(write, may_list):
    """The package lets the group ucarpd list /etc/ucarp, and no more."""
    write("mail")
    directory = write("web").parent
    directory.chmod(0o444 if may_list else 0o000)
    with as_nobody():
        listed = found(loaded=unit("ucarpd@web.service"))
        assert not_running.cannot_look() is not may_list
    directory.chmod(0o755)
    *others, (name, state, reason) = listed
    assert others == [("mail", "unknown", "needs root")] * may_list
    assert (name, state) == ("web", "failed")
    assert reason.startswith("ucarpd@web.service has failed (exit status 78, bad configuration)")


@pytest.mark.parametrize(
    ("active", "reason"),
    [
        ("active", "ucarpd@web.service runs an older ucarpd, or has no control socket"),
        ("deactivating", "ucarpd@web.service is deactivating, and does not answer yet"),
    ],
)
def test_a_unit_that_runs_without_an_answer(write, active, reason):
    write("web")
    loaded = unit("ucarpd@web.service", active, "running", "success", 0)
    assert found(loaded=loaded) == [("web", "unknown", reason)]
