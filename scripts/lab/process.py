"""Commands, programs that keep running, and waiting for a condition."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST_COMMAND = 60.0
"""Seconds after which a command that is run to its end is given up."""


class LabError(Exception):
    """The laboratory cannot carry out a request; the message names the obstacle."""


def run(*command: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command; the message of a failure has the words of the command."""
    options = {"timeout": LONGEST_COMMAND, **options}
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(command)}: not done after {options['timeout']} s") from None
    if check and result.returncode:
        raise LabError(f"{' '.join(command)}: exit {result.returncode}: {result.stderr.strip()}")
    return result


def wait_for(what: str, condition: Callable[[], Any], limit: float = 15.0) -> Any:
    """Poll until the condition is true, and return it; LabError after `limit` seconds."""
    started = time.monotonic()
    while True:
        asked = time.monotonic()
        if result := condition():
            return result
        now = time.monotonic()
        if now > started + limit:
            raise LabError(f"waited {limit:g} s in vain for: {what}")
        # An expensive condition is checked less often, because other processes need the CPU.
        time.sleep(max(0.01, min(3 * (now - asked), 0.2)))


class Process:
    """A program on a host.  Its output goes to a file."""

    def __init__(self, popen: subprocess.Popen[bytes], output: Path) -> None:
        self.popen = popen
        self.output = output
        self._read_to = 0

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def new_lines(self) -> list[str]:
        """The whole lines that were written since the last call."""
        with self.output.open("rb") as file:
            file.seek(self._read_to)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read_to += len(whole) + len(newline)
        return whole.decode(errors="replace").split("\n") if newline else []

    def lines(self, *words: str) -> list[str]:
        """The lines written so far that have all these words."""
        return [line for line in self.text().splitlines() if all(word in line for word in words)]

    def wait_for_line(self, *words: str, limit: float = 15.0, count: int = 1) -> str:
        """Wait for the `count`-th line that has all these words, and return it."""
        try:
            lines = wait_for(
                f"line {count} with {words}",
                lambda: found if len(found := self.lines(*words)) >= count else None,
                limit,
            )
        except LabError as error:
            raise LabError(f"{error}; the log so far:\n{self.text()}") from None
        line: str = lines[count - 1]
        return line

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """End it without a chance to clean up."""
        if self.is_running:
            self.popen.kill()
        self.popen.wait()

    def stop(self, limit: float = 15.0) -> int:
        """End it with SIGTERM; returns its exit status."""
        if self.is_running:
            self.popen.terminate()
        try:
            return self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            raise LabError(f"did not end within {limit:g} s; its log:\n{self.text()}") from None
