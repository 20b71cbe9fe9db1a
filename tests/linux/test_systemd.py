"""Notifications to systemd, which never block."""

import asyncio
import contextlib
import logging
import socket

import pytest
from real_loop import in_real_time

from ucarpd.linux import systemd


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    monkeypatch.setattr(systemd, "_notifier", notifier := systemd._Notifier())
    monkeypatch.setattr(systemd, "RETRY_AFTER", 0.01)
    yield path
    if notifier._socket is not None:
        notifier._socket.close()


@contextlib.contextmanager
def manager(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        yield receiver


def waiting(receiver):
    """All that the manager has not read yet."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(receiver.recv(4096, socket.MSG_DONTWAIT).decode())
    return found


async def received(receiver):
    """The next message; others may run meanwhile."""
    receiver.setblocking(False)
    return (
        await asyncio.wait_for(asyncio.get_running_loop().sock_recv(receiver, 4096), 20)
    ).decode()


@pytest.mark.parametrize("address", ["{path}", "@{path}"], ids=["path", "abstract"])
def test_notifications_arrive_in_order(path, monkeypatch, address):
    address = address.format(path=path)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with manager(address.replace("@", "\0")) as receiver:
        systemd.notify_ready("one")
        systemd.notify_status("two")
        systemd.feed_watchdog()
        systemd.notify_stopping()
        expected = ["READY=1\nSTATUS=one", "STATUS=two", "WATCHDOG=1", "STOPPING=1"]
        assert waiting(receiver) == expected


def test_a_status_that_is_too_long_is_cut(path):
    with manager(path) as receiver:
        systemd.notify_ready("ä" * 4096)
        message = receiver.recv(1 << 16)
    assert len(message) == 4095, "not within a letter"
    assert set(message.decode().removeprefix("READY=1\nSTATUS=")) == {"ä"}


def test_without_systemd_nothing_happens(path, monkeypatch, caplog):
    monkeypatch.delenv("NOTIFY_SOCKET")
    systemd.notify_ready("one")
    assert caplog.records == []


def test_a_manager_that_does_not_read_is_told_the_newest_when_it_reads_again(path, caplog):
    caplog.set_level(logging.INFO)

    async def scenario(receiver):
        for _ in range(10_000):  # The queue of a socket is shorter.
            systemd.feed_watchdog()
        systemd.notify_reloading()
        systemd.notify_ready("one")
        for status in ("two", "three"):
            systemd.notify_status(status)
        assert set(waiting(receiver)) == {"WATCHDOG=1"}
        assert await received(receiver) == "READY=1\nSTATUS=one"
        assert await received(receiver) == "STATUS=three"
        systemd.feed_watchdog()
        assert waiting(receiver) == ["WATCHDOG=1"]

    with manager(path) as receiver:
        asyncio.run(scenario(receiver))
    assert [each.getMessage() for each in caplog.records if each.name == "ucarpd.systemd"] == [
        "the service manager does not take our notifications (Resource temporarily unavailable)",
        "the service manager takes our notifications again",
    ]


@in_real_time
async def test_a_manager_that_is_gone_for_a_moment_is_told_later(path):
    systemd.feed_watchdog()
    systemd.notify_ready("one")
    systemd.notify_stopping()
    with manager(path) as receiver:
        assert await received(receiver) == "STOPPING=1"
        systemd.feed_watchdog()
        assert waiting(receiver) == ["WATCHDOG=1"]


def test_work_that_takes_long_is_awaited_although_nobody_hears_of_it(path):
    async def work():
        await asyncio.sleep(0)
        return "done"

    assert asyncio.run(systemd.patiently(work())) == "done"
