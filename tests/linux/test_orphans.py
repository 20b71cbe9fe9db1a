"""Reaping, in a process that adopts orphans as process 1 of a container does."""

import subprocess
import sys

import pytest

ADOPT = """
import asyncio, ctypes, os, signal, subprocess, sys
from functools import partial
from pathlib import Path
from ucarpd.scripts.child import Child
from ucarpd.scripts.start import PIDS, start
from ucarpd.linux.orphans import Orphans

PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0

def children():
    return Path("/proc/thread-self/children").read_text().split()

async def run(body, orphans_too=True):
    ended = asyncio.get_running_loop().create_future()
    command = ("/bin/sh", "-c", body)
    Child(partial(start, command, os.environ), lambda *end: ended.set_result(end), ended.set_exception)
    return await ended

async def until_alone():
    while children():
        await asyncio.sleep(0.01)
"""

MANY = """
async def main():
    Orphans(PIDS)
    ends = await asyncio.gather(
        *(run(f"(sleep 0.0{n}; (sleep 0.1 &)) & sleep 0.1 & sleep 0.0{n}; exit {n}") for n in range(8))
    )
    assert ends == [(n, False) for n in range(8)], ends
    await until_alone()
"""

BEFORE = """
async def main():
    subprocess.run(["sh", "-c", "sleep 0.01 &"])
    while "Z" not in Path(f"/proc/{children()[0]}/stat").read_text():
        await asyncio.sleep(0.01)
    Orphans(PIDS)
    assert children() == []
"""

BEHIND = """
async def main():
    # Nobody takes the exit status of the first; the others end behind it.
    first = subprocess.Popen(["true"])
    PIDS.add(first.pid)
    Orphans(PIDS)
    await run("sleep 0.01 & sleep 0.05")
    assert children()[0] == str(first.pid)
    assert first.wait() == 0
    PIDS.discard(first.pid)
    await until_alone()
"""


IGNORED = """
async def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    Orphans(PIDS)
    assert await run("exit 3") == (3, False)
"""


@pytest.mark.parametrize(
    "scenario", [MANY, BEFORE, BEHIND, IGNORED], ids=["many", "before", "behind", "ignored"]
)
def test_orphans_are_reaped_and_scripts_keep_their_exit_status(scenario):
    program = f"{ADOPT}\n{scenario}\nasyncio.run(asyncio.wait_for(main(), 20))\n"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=30)
