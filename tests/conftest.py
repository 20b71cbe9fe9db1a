"""Settings for every tier.

Hypothesis draws new examples in every run; on a failure it prints the smallest one, and the line
(`@reproduce_failure`) that brings it back.
"""

import asyncio
import inspect
import signal

import pytest
from hypothesis import HealthCheck, settings
from log_lines import LogLines
from virtual_loop import in_virtual_time

from ucarpd.linux.held_signals import SIGNALS
from ucarpd.log import lines

settings.register_profile(
    "ucarpd",
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ucarpd")


def pytest_itemcollected(item):
    """A test that is a coroutine, and has no decorator that runs it, runs in virtual time."""
    if inspect.iscoroutinefunction(getattr(item, "obj", None)):
        item.obj = in_virtual_time(item.obj)


@pytest.fixture(autouse=True)
def log_as_it_was():
    """A command that ran in this process has taken the log away from pytest."""
    level, propagate = lines.root.level, lines.root.propagate
    yield
    lines.root.setLevel(level)
    lines.root.propagate = propagate


@pytest.fixture(autouse=True)
def signals_as_they_were():
    """A process that ran in this one holds its signals at the start, and ignores them at the end."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def defects(monkeypatch):
    """An event loop only logs an error of a callback; a test that expects one sets a handler.

    The error of a future or task that nobody asked for may come in a later test, and is ignored.
    """
    told = []

    def note(_loop, context):
        if "future" not in context:
            told.append(context)

    monkeypatch.setattr(asyncio.BaseEventLoop, "default_exception_handler", note)
    yield
    assert not told


@pytest.fixture
def log_lines():
    with LogLines() as told:
        yield told


@pytest.fixture
def run_directory(tmp_path, monkeypatch, state_directory):
    """The run directory of this test alone, as systemd would name it."""
    directory = tmp_path / "run"
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(directory))
    return directory


@pytest.fixture
def state_directory(tmp_path, monkeypatch):
    """The same for the state directory."""
    directory = tmp_path / "state"
    monkeypatch.setenv("STATE_DIRECTORY", str(directory))
    return directory
