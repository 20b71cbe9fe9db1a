"""The command line, up to the point where the daemon itself would start."""

import asyncio
import errno
import gc
import os
import socket
from pathlib import Path

import pytest
from recorded import content

from ucarpd import __version__, cli, host_checks, supervisor
from ucarpd.config import Problem
from ucarpd.host_checks import Finding
from ucarpd.lock import InstanceLock
from ucarpd.record import Record, read

GOOD = """\
UCARP_INTERFACE=eth0
UCARP_VHID=1
UCARP_PASS=geheim
UCARP_ADDR=10.0.0.1
"""


@pytest.fixture(autouse=True)
def findings(monkeypatch):
    """What the host has to say about (path, is_error); nothing, until a test adds something."""
    found = []

    def find(configs, _is_running):
        return [
            Finding(Problem(each.path, None, "UCARP_ADDR", "does not fit"), is_error)
            for each in configs
            for path, is_error in found
            if str(each.path) == path
        ]

    monkeypatch.setattr(host_checks, "find", find)
    return found


@pytest.fixture
def conf(tmp_path):
    def write(text, name="web"):
        path = tmp_path / f"{name}.conf"
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    return write


def test_check_says_that_a_good_file_is_good(conf, capsys):
    path = conf(GOOD)
    assert cli.main(["check", path]) == 0
    assert capsys.readouterr() == (f"{path}: OK, virtual host 1 on eth0\n", "")


def test_check_names_every_fault_and_the_good_files_too(conf, tmp_path, capsys):
    good, bad = conf(GOOD), conf(GOOD.replace("=1\n", "=300\n"), "mail")
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == f"{good}: OK, virtual host 1 on eth0\n"
    assert f"{bad}:2: UCARP_VHID: " in err
    assert "(got '300')" in err


def test_a_warning_is_no_fault(conf, capsys):
    path = conf(GOOD.replace("geheim", "'ge heim'").replace("UCARP_VHID", "export UCARP_VHID"))
    assert cli.main(["check", path]) == 0
    err = capsys.readouterr().err
    assert f"{path}:2: UCARP_VHID: " in err
    assert err.endswith("(warning)\n")


def test_a_file_that_does_not_fit_the_host_is_not_good(conf, findings, tmp_path, capsys):
    good, bad = conf(GOOD), conf(GOOD.replace("1\n", "2\n"), "mail")
    findings += [(good, False), (bad, True)]
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG
    assert capsys.readouterr() == (
        f"{good}: OK, virtual host 1 on eth0\n",
        f"{bad}: UCARP_ADDR: does not fit\n{good}: UCARP_ADDR: does not fit (warning)\n",
    )
    assert cli.main(["check", good]) == 0


def test_check_of_an_empty_directory_finds_nothing_to_run(tmp_path, capsys):
    assert cli.main(["check", str(tmp_path)]) == cli.EXIT_CONFIG
    assert "no configuration file" in capsys.readouterr().err


def test_show_config_prints_defaults_and_no_password(conf, capsys):
    assert cli.main(["show-config", conf(GOOD)]) == 0
    out = capsys.readouterr().out
    assert "UCARP_ADVBASE=1" in out
    assert "geheim" not in out


def test_show_config_of_a_bad_file_tells_what_is_wrong(conf, capsys):
    path = conf("UCARP_VHID=0\n")
    assert cli.main(["show-config", path]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{path}:1: UCARP_VHID: " in err


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"ucarpd {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["run"], ["check"], ["fly", "x"]])
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage: ucarpd" in capsys.readouterr().err


def test_help_names_every_signal_and_exit_status(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    out = capsys.readouterr().out
    for word in ("run", "check", "show-config", "TERM", "HUP", "USR1", "USR2", "77", "78"):
        assert word in out


# -- run and clear -----------------------------------------------------------------------------------


@pytest.fixture
def may_send(monkeypatch):
    """Whether this process may open packet sockets; they are ordinary ones then."""
    rights = {"may": True}

    class Socket(socket.socket):
        def __init__(self, family=-1, kind=-1, proto=-1, fileno=None):
            if family == socket.AF_PACKET:
                if not rights["may"]:
                    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
                family, kind, proto = socket.AF_UNIX, socket.SOCK_DGRAM, 0
            super().__init__(family, kind, proto, fileno)

    monkeypatch.setattr(socket, "socket", Socket)
    yield rights
    gc.unfreeze()


@pytest.fixture
def started(monkeypatch):
    """What each supervisor was given, and the kind of its event loop."""
    started = []

    class FakeSupervisor:
        def __init__(self, paths, stay=False):
            selector = asyncio.get_running_loop()._selector
            started.append((paths, stay, type(selector).__name__))

        async def run(self):
            return 75

    monkeypatch.setattr(supervisor, "Supervisor", FakeSupervisor)
    return started


@pytest.mark.parametrize("options", [[], ["--stay"], ["--stay", "--debug"]])
def test_run_gives_the_supervisor_absolute_paths(may_send, started, monkeypatch, tmp_path, options):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "--log", "stderr", *options, "web.conf", "/etc/ucarp"]) == 75
    assert started == [
        ([tmp_path / "web.conf", Path("/etc/ucarp")], bool(options), "PreciseSelector")
    ]


@pytest.mark.parametrize("command", ["run", "clear"])
def test_without_privileges_it_says_so(may_send, started, run_directory, capsys, command):
    may_send["may"] = False
    assert cli.main([command, "web.conf"]) == cli.EXIT_NO_PERMISSION
    assert started == []
    assert capsys.readouterr().err.startswith("ucarpd: must run as root")


@pytest.mark.parametrize("options", [[], ["--log", "stderr"]])
def test_there_may_be_nothing_to_clear(may_send, run_directory, capsys, options):
    assert cli.main(["clear", *options, "/etc/ucarp"]) == 0
    assert capsys.readouterr() == ("", "")


def leave(tmp_path, directory, name="web", vhid=7):
    """Leave the record of an instance whose interface has gone with it."""
    left = content(tmp_path, name, INTERFACE="gone0", VHID=vhid)
    record = Record(name, directory)
    record.write(left)
    record.placed = True
    record.close()
    return left


def test_what_is_left_is_cleared(may_send, run_directory, tmp_path):
    leave(tmp_path, run_directory)
    assert cli.main(["clear", "--log", "stderr", str(tmp_path)]) == 0
    assert read("web", run_directory) is None


def test_what_runs_is_left_alone(may_send, run_directory, tmp_path):
    left = leave(tmp_path, run_directory)
    lock = InstanceLock("web", run_directory, "gone0", left.vhid, Path(left.path))
    assert cli.main(["clear", "--log", "stderr", str(tmp_path)]) == 0
    lock.release()
    assert read("web", run_directory) is not None
