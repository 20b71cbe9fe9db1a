"""When another daemon is looked for, with a tap that is one end of a pair of sockets."""

import asyncio
import socket
from typing import ClassVar

import pytest

from ucarpd.interface import double_watch
from ucarpd.interface.double_watch import FRAMES_AT_ONCE, PAUSE, DoubleWatch


class Tap:
    """Of all that are opened the test has the newest."""

    opened: ClassVar[list["Tap"]] = []
    fault: ClassVar[OSError | None] = None

    def __init__(self, interface, vhids):
        if Tap.fault is not None:
            raise Tap.fault
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ours.setblocking(False)
        self.is_open = True
        self.receive_fault = None
        Tap.opened.append(self)

    def fileno(self):
        return self.ours.fileno()

    def receive(self):
        if self.receive_fault is not None:
            self.ours.recv(100)
            raise self.receive_fault
        try:
            return self.ours.recv(100)
        except BlockingIOError:
            return None

    def close(self):
        self.is_open = False
        self.ours.close()


@pytest.fixture(autouse=True)
def taps(monkeypatch):
    monkeypatch.setattr(double_watch, "OutgoingTap", Tap)
    # A thread's time cannot be virtual.
    monkeypatch.setattr(double_watch, "start_new_thread", lambda close, _none: close())
    Tap.opened, Tap.fault = [], None
    yield Tap.opened
    for tap in Tap.opened:
        tap.ours.close()
        tap.theirs.close()


def watch(found=lambda _frame: None):
    watch = DoubleWatch("eth0", [1], lambda: 3.0, found)
    watch.start()
    return watch


async def test_it_looks_for_some_seconds_in_a_minute(taps):
    watching = watch()
    assert [tap.is_open for tap in taps] == [True]
    await asyncio.sleep(2.9)
    assert watching.tap is taps[0]
    await asyncio.sleep(0.2)
    assert watching.tap is None
    await asyncio.sleep(PAUSE)
    assert [tap.is_open for tap in taps] == [False, True]
    watching.stop()
    assert not taps[1].is_open
    await asyncio.sleep(2 * PAUSE)
    assert len(taps) == 2


async def test_it_passes_on_what_it_sees(taps):
    seen = []
    watching = watch(seen.append)
    for number in range(3):
        taps[0].theirs.send(b"%d" % number)
    await asyncio.sleep(0.1)
    assert seen == [b"0", b"1", b"2"]
    watching.stop()


async def test_many_frames_leave_the_timers_their_turn(taps):
    turns = []
    watching = watch(lambda _frame: turns.append(None))
    taps[0].theirs.setblocking(False)
    sent = 0
    try:
        while sent < 2 * FRAMES_AT_ONCE:
            taps[0].theirs.send(b"x")
            sent += 1
    except BlockingIOError:
        pass  # The kernel holds fewer.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(turns) <= FRAMES_AT_ONCE
    await asyncio.sleep(0.1)
    assert len(turns) == sent
    watching.stop()


async def test_the_first_finding_may_end_it(taps):
    seen = []

    def found(frame):
        seen.append(frame)
        watching.stop()

    watching = watch(found)
    taps[0].theirs.send(b"one")
    await asyncio.sleep(0.1)
    assert seen == [b"one"]


async def test_an_interface_that_goes_away_is_no_finding(taps):
    seen = []
    watching = watch(seen.append)
    taps[0].receive_fault = OSError(100, "Network is down")
    taps[0].theirs.send(b"one")
    await asyncio.sleep(0.1)
    assert seen == []
    watching.stop()


async def test_a_tap_that_cannot_be_opened_is_tried_again(taps):
    Tap.fault = OSError(24, "Too many open files")
    watching = watch()
    assert watching.tap is None
    Tap.fault = None
    await asyncio.sleep(PAUSE + 0.1)
    assert [tap.is_open for tap in taps] == [True]
    watching.start()
    assert [tap.is_open for tap in taps] == [False, True]
    watching.stop()


async def test_without_a_thread_it_lets_go_all_the_same(taps, monkeypatch):
    def refuse(*_arguments):
        raise RuntimeError("can't start new thread")

    watching = watch()
    monkeypatch.setattr(double_watch, "start_new_thread", refuse)
    await asyncio.sleep(3.1)
    assert not taps[0].is_open
    watching.stop()
