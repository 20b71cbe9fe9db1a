"""Real scripts, run by the real runner; they write their actions to a file."""

import asyncio
from pathlib import Path

from ucarpd.scripts.runner import Hook, HookRunner


class Log:
    def __init__(self):
        self.lines = []

    def spawning(self, hook):
        self.lines.append("spawning")

    def script_ended(self, hook, status, seconds, excused):
        self.lines.append(f"ended {status}{', excused' if excused else ''}")

    def script_not_run(self, hook, status, why):
        self.lines.append(f"not run {status}: {why}")

    def script_hangs(self, hook, pid):
        self.lines.append("hangs" if pid is None else "goes on")

    def script_hit(self, hook, signal_name):
        self.lines.append(f"hit by {signal_name}")

    def script_timed_out(self, hook, timeout):
        self.lines.append(f"timed out after {timeout:g} s")


class Place:
    """A directory with scripts, and the file `told` to which they write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.told_file = directory / "told"
        self.log = Log()

    def hook(self, body, target="up", *, timeout=20.0, mode=0o755, head="#!/bin/sh", **environment):
        script = self.directory / f"{target}.sh"
        script.write_text(f"{head}\ntold={self.told_file}\n{body}\n")
        script.chmod(mode)
        return Hook(target, script, ("eth0", "10.0.0.100"), environment, timeout)

    def told(self):
        return self.told_file.read_text().split() if self.told_file.exists() else []

    async def until_told(self, *words):
        while self.told() != list(words):
            await asyncio.sleep(0.01)


def result_of(place, hook):
    """Run one hook to its end."""

    async def scenario():
        done = asyncio.get_running_loop().create_future()
        HookRunner(place.log).request(hook, done.set_result)
        return await asyncio.wait_for(done, 30)

    return asyncio.run(scenario())


def status_of(place, hook):
    status = result_of(place, hook).status
    assert not any(line.startswith("not run") for line in place.log.lines[-1:])
    return status
