"""The common parts of the tests of a whole process."""

import gc

import pytest
from fake_sockets import FakeSockets, FakeWatch
from fake_worker import FakeWorker
from instance_bench import Bench, Maker
from one_process import Host

from ucarpd.interface import interface
from ucarpd.log import lines
from ucarpd.process import reading_thread, supervisor


@pytest.fixture
def host(tmp_path, run_directory, monkeypatch):
    host = Host(tmp_path / "etc", run_directory)
    monkeypatch.setenv("NOTIFY_SOCKET", host.manager.getsockname())
    monkeypatch.setattr(interface, "Sockets", FakeSockets)
    monkeypatch.setattr(interface, "DoubleWatch", FakeWatch)
    for module in (reading_thread, supervisor):
        monkeypatch.setattr(module, "Worker", lambda _name: FakeWorker())
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    yield host
    host.manager.close()
    gc.unfreeze()
    lines.postpone(None)


@pytest.fixture
def make(tmp_path, run_directory):
    return Maker(lambda more: Bench(tmp_path, run_directory, more))
