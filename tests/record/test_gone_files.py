"""What a dead process has left for a file that is gone, and what must stay."""

import asyncio
import os
from ipaddress import ip_address

import pytest
from fake_kernel import FakeNetlink
from recorded import leave
from virtual_loop import in_virtual_time

from ucarpd.addresses.routes import SharedRoutes
from ucarpd.record import gone_files

VIRTUAL = ip_address("10.0.0.1")
DEAD = 4_000_000_000


@pytest.fixture
def start(tmp_path, run_directory, monkeypatch):
    """Leave an address in place, change something, and start a process for the directory."""

    async def start(*, pid=DEAD, paths=(tmp_path,), devices=(), is_gone=True, **keys):
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: pid)
            leave(tmp_path, run_directory, **keys)
        if is_gone:
            (tmp_path / "web.conf").unlink()
        netlink = FakeNetlink()
        netlink.put("eth0", VIRTUAL)
        netlink.put("eth0-v7", VIRTUAL)
        gone_files.take_off(paths, netlink, SharedRoutes(), devices)
        await asyncio.sleep(0.1)
        return netlink.told()

    return start


@in_virtual_time
async def test_its_addresses_are_taken_off(start):
    assert await start() == [f"remove {VIRTUAL}"]


@in_virtual_time
async def test_its_device_goes_unless_it_is_in_use(start):
    assert await start(VMAC="yes") == [f"remove {VIRTUAL}", "remove eth0-v7"]
    assert await start(VMAC="yes", devices=["eth0-v7"]) == [f"remove {VIRTUAL}"]


@pytest.mark.parametrize(
    ("how", "because"),
    [
        ({"is_gone": False}, "its instance does it"),
        ({"pid": os.getpid()}, "the process lives"),
        ({"paths": ()}, "it is no file of this process"),
        ({"placed": False}, "nothing is in place"),
        ({"SHUTDOWN": "no"}, "it is to stay"),
    ],
)
@in_virtual_time
async def test_what_is_left_alone(start, how, because):
    assert await start(**how) == [], because


@in_virtual_time
async def test_an_address_that_another_process_serves_stays(start, monkeypatch):
    monkeypatch.setattr(gone_files, "virtual_addresses_elsewhere", lambda: frozenset({VIRTUAL}))
    assert await start() == []


@in_virtual_time
async def test_records_that_cannot_be_read(start, monkeypatch):
    def read_all(_directory):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(gone_files, "read_all", read_all)
    assert await start() == []
