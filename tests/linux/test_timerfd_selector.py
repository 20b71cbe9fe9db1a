"""Does the selector wake up in time, and never too early?"""

import os
import selectors
import threading
import time

import pytest

from ucarpd.linux import timerfd_selector
from ucarpd.linux.timerfd_selector import PreciseSelector


class Bench:
    """A selector with a pipe, and the times to which its timer was set."""

    def __init__(self, monkeypatch):
        self.selector = PreciseSelector()
        self.reader, self.writer = os.pipe()
        self.selector.register(self.reader, selectors.EVENT_READ)
        self.set_to = []
        set_timer = self.selector._set

        def note(at):
            self.set_to.append(at)
            set_timer(at)

        monkeypatch.setattr(self.selector, "_set", note)

    def select(self, timeout):
        """The descriptors that are ready."""
        return [key.fd for key, _ in self.selector.select(timeout)]

    def write(self):
        os.write(self.writer, b"x")

    def read(self):
        os.read(self.reader, 1)

    def close(self):
        self.selector.close()
        os.close(self.reader)
        os.close(self.writer)


@pytest.fixture
def bench(monkeypatch):
    bench = Bench(monkeypatch)
    yield bench
    bench.close()


@pytest.mark.parametrize("seconds", [0.0002, 0.001, 0.0125])
def test_it_never_wakes_up_too_early(bench, seconds):
    for _ in range(5):
        began = time.monotonic()
        assert bench.select(seconds) == []
        assert time.monotonic() - began >= seconds


def test_a_descriptor_ends_the_wait(bench):
    bench.write()
    assert bench.select(60.0) == [bench.reader]
    assert bench.select(None) == [bench.reader]
    assert bench.select(0) == [bench.reader]


def test_a_sooner_time_takes_the_place_of_a_later_one(bench):
    bench.write()
    bench.select(600.0)
    bench.read()
    assert bench.select(0.001) == []


def test_a_timer_that_has_fired_disturbs_no_later_wait(bench):
    assert bench.select(0.001) == []
    assert bench.select(0) == []
    began = time.monotonic()
    assert bench.select(0.0003) == []
    assert time.monotonic() - began >= 0.0003
    threading.Timer(0.02, bench.write).start()
    assert bench.select(None) == [bench.reader]


def test_the_same_time_is_not_set_again(bench, monkeypatch):
    monkeypatch.setattr(timerfd_selector, "SAME", 10.0)
    end = time.monotonic() + 60.0
    bench.write()
    for _ in range(3):
        bench.select(end - time.monotonic())
    assert len(bench.set_to) == 1
    bench.select(end + 20.0 - time.monotonic())
    bench.select(end - time.monotonic())
    bench.select(None)
    bench.select(None)
    assert len(bench.set_to) == 4
