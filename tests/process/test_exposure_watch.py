"""Files that others can change: when they are looked for, and how often they are named."""

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from ucarpd.config import exposure
from ucarpd.config.exposure import Exposure
from ucarpd.process.exposure_watch import ExposureWatch

SCRIPT = Exposure("up.sh can be changed", Path("/etc/up.sh"), is_error=True)
HINT = Exposure("notes.txt can be changed", Path("/etc/notes.txt"), is_error=False)


class Bench:
    """It is the log, and the looks at files, which the test ends."""

    def __init__(self):
        self.lines = []
        self.looks = []
        self.changes = 0
        self.watch = ExposureWatch(self, self.changed, self)

    def changed(self):
        self.changes += 1

    def warning(self, text):
        self.lines.append((logging.WARNING, text))

    def error(self, text):
        self.lines.append((logging.ERROR, text))

    def do(self, look, done, failed, hangs):
        self.looks.append((look, done, failed))

    def look(self, found=()):
        self.watch.look(SimpleNamespace(found=list(found)))

    def end(self):
        look, done, _failed = self.looks.pop(0)
        done(look())

    def told(self):
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture(autouse=True)
def found(monkeypatch):
    """What is found is in the configuration."""
    monkeypatch.setattr(exposure, "find", lambda config: config.found)


async def test_each_is_named_until_it_is_gone():
    bench = Bench()
    for found in ([SCRIPT, HINT], [HINT, SCRIPT]):
        bench.look(found)
        bench.end()
        assert bench.watch.trouble == "users other than root can change /etc/up.sh"
    assert bench.told() == [(logging.ERROR, SCRIPT.problem), (logging.WARNING, HINT.problem)]
    bench.look()
    bench.end()
    assert (bench.watch.trouble, bench.changes) == ("", 3)
    bench.look([HINT])
    bench.end()
    assert bench.watch.trouble == ""
    assert bench.told() == [(logging.WARNING, HINT.problem)]


async def test_the_trouble_began_with_the_first_look_that_found_any():
    bench = Bench()
    began = asyncio.get_running_loop().time()
    for _ in range(2):
        bench.look([SCRIPT])
        bench.end()
        assert bench.watch.since == began
        await asyncio.sleep(5.0)


async def test_of_the_looks_that_wait_for_one_that_hangs_the_newest_is_taken():
    bench = Bench()
    bench.look([SCRIPT])
    bench.look([SCRIPT])
    bench.look()
    assert len(bench.looks) == 1
    bench.end()
    assert bench.watch.trouble
    bench.end()
    assert (bench.watch.trouble, bench.looks) == ("", [])


async def test_a_look_that_fails_makes_way_for_the_next_one():
    bench = Bench()
    bench.look()
    (_, _, failed) = bench.looks.pop()
    failed(OSError("no thread can be started"))
    bench.look([SCRIPT])
    bench.end()
    assert bench.watch.trouble
