"""What a start clears up after other instances; with the kernel: tests/integration/test_crash.py."""

import asyncio
import json

import pytest
from fake_kernel import FakeNetlink
from recorded import content

from ucarpd.linux.lock import InstanceLock
from ucarpd.record import abandoned
from ucarpd.record.abandoned import Abandoned
from ucarpd.record.record import Record, read


class NoSocket:
    """Nothing is sent: the processes have died long ago."""

    def close(self):
        """It has none."""


@pytest.fixture
def run(run_directory, monkeypatch):
    monkeypatch.setattr(abandoned, "PacketOut", NoSocket)
    return run_directory


def leave(directory, run, name, vhid):
    """Leave a record of addresses that have gone with their interface; return the file."""
    directory.mkdir(exist_ok=True)
    record = Record(name, run)
    record.write(content(directory, name, INTERFACE="gone0", VHID=vhid))
    record.placed = True
    return directory / f"{name}.conf"


def clear(run, *names):
    """Start a process, and return which of the instances still have a record."""

    async def start():
        await Abandoned(FakeNetlink()).clear(set(), asyncio.Event())

    asyncio.run(start())
    return [name for name in names if read(name, run)]


def test_only_an_instance_whose_file_is_gone(tmp_path, run):
    leave(tmp_path, run, "web", 1)
    leave(tmp_path, run, "mail", 2).unlink()
    link = leave(tmp_path, run, "link", 3)
    link.unlink()
    link.symlink_to("later.conf")
    assert clear(run, "web", "mail", "link") == ["web", "link"]


def test_a_directory_that_is_gone_and_one_that_hangs(tmp_path, run, monkeypatch):
    for name, vhid in (("web", 1), ("mail", 2)):
        leave(tmp_path / name, run, name, vhid).unlink()
        (tmp_path / name).rmdir()
    monkeypatch.setattr(abandoned, "hangs", lambda directory: directory == tmp_path / "web")
    assert clear(run, "web", "mail") == ["web"]


def test_an_instance_that_runs_without_its_file(tmp_path, run):
    file = leave(tmp_path, run, "web", 1)
    file.unlink()
    lock = InstanceLock("web", run, "gone0", 1, file)
    assert clear(run, "web") == ["web"]
    lock.release()
    assert clear(run, "web") == []


@pytest.mark.parametrize("wanted", [{("gone0", 1), ("gone0", 2)}, set()])
def test_other_virtual_hosts_do_not_wait_for_long(tmp_path, run, monkeypatch, wanted):
    async def goes_on(_cleared, _netlink):
        await asyncio.Event().wait()

    async def start():
        clearing = Abandoned(FakeNetlink()).clear(wanted, asyncio.Event())
        await asyncio.wait_for(clearing, 5)

    leave(tmp_path, run, "web", 1).unlink()
    monkeypatch.setattr(abandoned, "PATIENCE", 0.01)
    monkeypatch.setattr(abandoned, "clear_one", goes_on)
    asyncio.run(start())


def test_a_process_of_env_has_no_file(tmp_path, run):
    leave(tmp_path, run, "web", 1).unlink()
    record = run / "private/web.record"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"path": "web"}))
    assert clear(run, "web") == ["web"]


def test_records_that_nobody_may_read(run):
    run.mkdir()
    (run / "private").write_text("")
    assert clear(run) == []
