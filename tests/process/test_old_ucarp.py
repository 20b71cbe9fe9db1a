"""Finding a C ucarp that serves a virtual host of this process."""

import asyncio
from types import SimpleNamespace

import pytest
from one_process import instances

from ucarpd.process import old_ucarp
from ucarpd.process.moments import Moments
from ucarpd.process.old_ucarp import LOOK_AFTER, LOOKS_AT_ALL, RecentLook, find
from ucarpd.process.snapshot import of_instance

LINE = ("/usr/sbin/ucarp", "-ieth0", "--vhid=1", "-p", "geheim7")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A way to start a process, which exists only in /proc; ours is in namespace 7."""

    def start(pid, *words, comm="ucarp", exe="/usr/sbin/ucarp", namespace=7, user=0):
        process = tmp_path / str(pid)
        (process / "ns").mkdir(parents=True)
        (process / "comm").write_text(f"{comm}\n")
        (process / "exe").symlink_to(exe)
        (process / "ns/net").touch()
        (process / "status").write_text(f"Name:\tucarp\nUid:\t{user}\t{user}\t{user}\t{user}\n")
        (process / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
        namespaces[(process / "ns/net").stat().st_ino] = namespace
        return process

    namespaces = {}
    monkeypatch.setattr(old_ucarp, "_PROC", tmp_path)
    monkeypatch.setattr(
        old_ucarp,
        "network_namespace",
        lambda: next((inode for inode, number in namespaces.items() if number == 7), 0),
    )
    return start


@pytest.mark.parametrize(
    "words",
    [
        LINE,
        ("ucarp", "-i", "eth0", "--vhi", "0x1"),
        ("ucarp", "--interface=eth0:0", "-v1"),
        ("ucarp", "-v", "2", "-v", "001"),
    ],
)
def test_it_is_found_however_it_is_spelled(run, words):
    run(12, *words)
    assert find(1, "eth0") == [12]
    assert find(2, "eth0") == []
    assert find(1, "eth1") == ([12] if "eth0" not in "".join(words) else [])


@pytest.mark.parametrize(
    "other",
    [
        {"comm": "ucarpd"},
        {"exe": "/usr/bin/python3.11"},
        {"exe": "/usr/sbin/other"},
        {"namespace": 8},
        {"user": 1000},
    ],
)
def test_other_programs_are_not(run, other):
    run(12, *LINE, **other)
    assert find(1, "eth0") == []


def test_without_a_number_it_serves_nothing(run):
    run(12, "ucarp", "-i", "eth0", "-v", "x")
    assert find(1, "eth0") == []


def test_a_process_that_has_ended_is_passed_over(run):
    (run(12, *LINE) / "cmdline").unlink()
    assert find(1, "eth0") == []


def test_virtual_hosts_share_a_recent_look(run, monkeypatch):
    look = RecentLook()
    first, second = (SimpleNamespace(vhid=vhid, interface="eth0") for vhid in (1, 2))
    process = run(12, *LINE)
    assert look.beside(first) == [old_ucarp.warning(12, 1, "eth0")]
    (process / "cmdline").write_bytes(b"ucarp\0-ieth0\0-v2\0")
    assert look.beside(second) == []
    monkeypatch.setattr(old_ucarp, "RECENT", 0.0)
    assert look.beside(second) == [old_ucarp.warning(12, 2, "eth0")]


async def test_one_that_comes_later_is_logged_once(run, host, log_lines):
    host.write()
    async with host.running():
        run(12, *LINE)
        await asyncio.sleep(3 * LOOK_AFTER)
        told = [line for line in log_lines.told() if "old ucarp" in line]
    assert told == [old_ucarp.warning(12, 1, "eth0")]


async def test_the_status_names_it_as_long_as_it_runs(run, host):
    def noted():
        (instance,) = instances(process).values()
        shown = of_instance(instance.parts, Moments.at_present(asyncio.get_running_loop()))
        return [each["text"] for each in shown["findings"] if each["finding"] == "another_daemon"]

    host.write()
    async with host.running() as process:
        old = run(12, *LINE)
        await asyncio.sleep(2 * LOOK_AFTER)
        assert noted() == [old_ucarp.warning(12, 1, "eth0")]
        (old / "comm").unlink()
        await asyncio.sleep(LOOK_AFTER)
        assert noted() == []


@pytest.mark.parametrize(
    ("looks", "latest"), [(0.5, 1), (2.5, LOOKS_AT_ALL)], ids=["a new shell", "an old one"]
)
async def test_a_shell_that_becomes_one_is_logged(run, host, log_lines, looks, latest):
    process = run(12, *LINE, comm="sh")
    host.write()
    async with host.running():
        await asyncio.sleep(looks * LOOK_AFTER)
        (process / "comm").write_text("ucarp\n")
        await asyncio.sleep(latest * LOOK_AFTER)
    assert old_ucarp.warning(12, 1, "eth0") in log_lines.told()
