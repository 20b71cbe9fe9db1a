"""A host of its own for each test: its run directory, its files, no systemd."""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fake_process import FakeProcess
from runs import name_of_part

from ucarpd.ctl import not_running, units


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def run_directory(monkeypatch):
    """The run directory, with a short path: the path of a socket has 107 bytes at most."""
    with TemporaryDirectory(prefix=f"ucarpd-{name_of_part()}-") as directory:
        Path(directory).chmod(0o755)
        monkeypatch.setenv("RUNTIME_DIRECTORY", directory)
        yield Path(directory)


@pytest.fixture(autouse=True)
def files(run_directory, monkeypatch):
    """The directory of configuration files, empty."""
    directory = run_directory / "etc"
    directory.mkdir()
    monkeypatch.setattr(not_running, "DIRECTORY", directory)
    return directory


@pytest.fixture(autouse=True)
def systemd(monkeypatch):
    """What `systemctl show` prints, as `text`."""
    said = {"text": ""}

    class Question:
        @staticmethod
        def answer():
            return units.parsed(said["text"])

    monkeypatch.setattr(units, "Question", Question)
    return said


@pytest.fixture
def process(run_directory):
    """Starts a process that answers; its number is ours unless another is given."""
    with ExitStack() as processes:

        def start(*instances, pid=None, **options):
            path = run_directory / "ctl" / f"{pid or os.getpid()}.sock"
            return processes.enter_context(FakeProcess(path, instances, **options))

        yield start
