"""A systemctl that writes down its arguments, for tests without systemd.

It waits while a file VERB.wait exists, and ends with the status in a file VERB.status, if there is one.
"""

import asyncio
from pathlib import Path

_SCRIPT = """#!/bin/sh
here=$(dirname "$0")
verb=$2
shift 3
echo "$verb $*" >>"$here/told"
while [ -e "$here/$verb.wait" ]; do sleep 0.01; done
echo "$verb done" >>"$here/told"
[ ! -e "$here/$verb.status" ] || exit "$(cat "$here/$verb.status")"
"""


class FakeSystemctl:
    """`path` is the PATH of scripts that finds it first."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)
        script = directory / "systemctl"
        script.write_text(_SCRIPT)
        script.chmod(0o755)
        self.path = f"{directory}:/usr/bin:/bin"

    def hang(self, verb):
        (self.directory / f"{verb}.wait").touch()

    def go_on(self, verb):
        (self.directory / f"{verb}.wait").unlink()

    def fail(self, verb, status=1):
        (self.directory / f"{verb}.status").write_text(str(status))

    def told(self):
        file = self.directory / "told"
        return file.read_text().splitlines() if file.exists() else []

    async def until_told(self, *lines):
        while self.told() != list(lines):
            await asyncio.sleep(0.01)
