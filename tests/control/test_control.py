"""The control socket while the process runs."""

import asyncio
import errno
import os
import select
import shutil
import socket

import pytest
from varlink_bench import FakeHost

from ucarpd.control import wire
from ucarpd.control.control import Control
from ucarpd.control.server import Server

INFO = wire.call("org.varlink.service.GetInfo")
A_MOMENT = 0.01


class Worker:
    """Does the work beside the loop in the loop's next turn."""

    def __init__(self):
        self.waiting = []

    def beside(self, function, done):
        self.waiting.append((function, done))

    def work(self):
        waiting, self.waiting = self.waiting, []
        for function, done in waiting:
            error = None
            try:
                function()
            except OSError as refused:
                error = refused
            done(error)


@pytest.fixture
def worker():
    return Worker()


def sockets(tmp_path):
    return list((tmp_path / "run/ctl").glob("*"))


async def answers(tmp_path):
    """Whether the process answers on the socket that its clients look for."""
    (path,) = sockets(tmp_path)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(INFO)
    reply = await reader.readuntil(b"\0")
    writer.close()
    await writer.wait_closed()
    return b"ucarpd" in reply


async def test_from_start_to_end(tmp_path, worker, log_lines):
    control = Control(FakeHost(), worker.beside, tmp_path / "run")
    assert await answers(tmp_path)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "run/ctl/1.sock"))
    worker.work()
    control.look()
    worker.work()
    assert await answers(tmp_path)
    control.close()
    assert sockets(tmp_path) == []
    assert log_lines.told() == []


async def test_a_socket_that_has_been_removed_is_made_again(tmp_path, worker, log_lines):
    control = Control(FakeHost(), worker.beside, tmp_path / "run")
    (path,) = sockets(tmp_path)
    reader, writer = await asyncio.open_unix_connection(path)
    await asyncio.sleep(A_MOMENT)
    shutil.rmtree(tmp_path / "run")
    control.look()
    worker.work()
    assert log_lines.told() == [f"the control socket is back: {path}"]
    control.look()
    worker.work()
    assert log_lines.told() == []
    assert await answers(tmp_path)
    # Who is connected already stays so.
    writer.write(INFO)
    assert b"ucarpd" in await reader.readuntil(b"\0")
    writer.close()
    control.close()
    assert sockets(tmp_path) == []


async def test_a_socket_that_cannot_be_made_is_told_once_and_tried_again(
    tmp_path, worker, log_lines
):
    (tmp_path / "run").write_text("")
    control = Control(FakeHost(), worker.beside, tmp_path / "run")
    for _ in range(3):
        control.look()
        worker.work()
    (line,) = log_lines.told()
    assert line.startswith(f"cannot make the control socket {tmp_path}/run/ctl/{os.getpid()}.sock")
    assert line.endswith("; ucarpctl cannot ask this process")
    (tmp_path / "run").unlink()
    control.look()
    worker.work()
    assert await answers(tmp_path)
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "run").write_text("")
    control.look()
    worker.work()
    assert len(log_lines.told()) == 2
    control.close()


async def test_a_fault_that_comes_again_is_told_again(tmp_path, worker, log_lines):
    control = Control(FakeHost(), worker.beside, tmp_path / "run")
    worker.work()
    kept = tmp_path / "kept"
    for _ in range(2):
        (tmp_path / "run/ctl").rename(kept)
        (tmp_path / "run/ctl").write_text("")
        for _ in range(2):
            control.look()
            worker.work()
        (tmp_path / "run/ctl").unlink()
        kept.rename(tmp_path / "run/ctl")
        control.look()
        worker.work()
    assert len(log_lines.told()) == 2
    control.close()


@pytest.mark.parametrize("working", ["before the end", "after the end", "over the end"])
async def test_an_end_while_it_is_made_again_leaves_nothing(tmp_path, worker, working, log_lines):
    control = Control(FakeHost(), worker.beside, tmp_path / "run")
    worker.work()
    shutil.rmtree(tmp_path / "run")
    control.look()
    ((renew, done),) = worker.waiting
    if working != "after the end":
        renew()
    if working == "before the end":
        done(None)
    control.close()
    if working == "after the end":
        renew()
    if working != "before the end":
        done(None)
    assert not (tmp_path / "run").exists() or sockets(tmp_path) == []


async def test_without_descriptors_the_process_goes_on_and_tries_again(
    tmp_path, worker, log_lines, monkeypatch
):
    def no_epoll():
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(select, "epoll", no_epoll)
        control = Control(FakeHost(), worker.beside, tmp_path / "run")
        worker.work()
        control.changed()
        control.look()
        worker.work()
        assert sockets(tmp_path) == []
    (told,) = log_lines.told()
    assert told.startswith("cannot serve the control socket ")
    assert told.endswith(".sock: Too many open files; ucarpctl cannot ask this process")
    control.look()
    worker.work()
    assert await answers(tmp_path)
    assert len(log_lines.told()) == 1
    control.close()


async def test_a_process_without_a_control_socket_ends(tmp_path, worker, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Server, "__init__", _fail)
        control = Control(FakeHost(), worker.beside, tmp_path / "run")
    control.close()
    assert sockets(tmp_path) == []


def _fail(*_):
    raise OSError(errno.EMFILE, "Too many open files")
