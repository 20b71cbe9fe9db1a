"""The commands `run` and `clear`, up to the point where the process would begin its work."""

import asyncio
import errno
import gc
import os
import socket
from pathlib import Path

import pytest
from recorded import content

from ucarpd import cli
from ucarpd.exit_status import EXIT_INTERNAL_ERROR, EXIT_NO_PERMISSION
from ucarpd.linux.lock import InstanceLock
from ucarpd.process import main
from ucarpd.record.record import Record, read


@pytest.fixture
def may_send(monkeypatch):
    """Whether this process may open packet sockets and raw ones; if so, it gets ordinary sockets."""
    rights = {"may": True}

    class Socket(socket.socket):
        def __init__(self, family=-1, kind=-1, proto=-1, fileno=None):
            if family == socket.AF_PACKET or kind == socket.SOCK_RAW:
                if not rights["may"]:
                    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
                family, kind, proto = socket.AF_UNIX, socket.SOCK_DGRAM, 0
            super().__init__(family, kind, proto, fileno)

    monkeypatch.setattr(socket, "socket", Socket)
    yield rights
    gc.unfreeze()


@pytest.fixture
def started(monkeypatch):
    """What each process was given, and the kind of its event loop."""
    started = []

    class FakeProcess:
        def __init__(self, paths, stay=False):
            selector = asyncio.get_running_loop()._selector
            started.append((paths, stay, type(selector).__name__))

        async def run(self):
            return 75

    monkeypatch.setattr(main, "Process", FakeProcess)
    return started


@pytest.mark.parametrize("options", [[], ["--stay"], ["--stay", "--debug"]])
def test_run_gives_the_process_absolute_paths(may_send, started, monkeypatch, tmp_path, options):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "--log", "stderr", *options, "web.conf", "/etc/ucarp"]) == 75
    assert started == [
        ([tmp_path / "web.conf", Path("/etc/ucarp")], bool(options), "PreciseSelector")
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "cannot run: Too many open files\n"),
        (OSError(errno.ENOBUFS, "No buffer space"), "cannot run: No buffer space\n"),
        (MemoryError(), "cannot run: Cannot allocate memory\n"),
        (OSError(errno.EIO, "odd"), "cannot run: internal error: OSError(5, 'odd')\nTraceback"),
    ],
)
def test_scarcity_is_told_without_a_traceback(may_send, monkeypatch, capfd, error, said):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(main, "Process", fail)
    assert cli.main(["run", "--log", "stderr", "web.conf"]) == EXIT_INTERNAL_ERROR
    told = capfd.readouterr().err.partition("[CRITICAL] ")[2]
    assert told.startswith(said)
    assert ("Traceback" in told) == ("Traceback" in said)


@pytest.mark.parametrize("command", ["run", "clear"])
def test_without_privileges_it_says_so(may_send, started, run_directory, capsys, command):
    may_send["may"] = False
    assert cli.main([command, "web.conf"]) == EXIT_NO_PERMISSION
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
