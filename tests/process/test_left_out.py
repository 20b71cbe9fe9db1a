"""Virtual hosts that another process runs or clears when they should start."""

import asyncio

from recorded import configuration

from ucarpd.linux.lock import AlreadyRunning, BeingCleared
from ucarpd.process.left_out import ATTEMPTS, PAUSE, LeftOut

MOVED = AlreadyRunning("web is already run by process 7 (/x/web.conf)", "/x/web.conf")


class Starts:
    """The attempts; each meets the next of the obstacles, and the last one stays."""

    def __init__(self, *obstacles):
        self.obstacles = list(obstacles)
        self.made = 0

    def __call__(self, _config):
        self.made += 1
        obstacle = self.obstacles.pop(0) if len(self.obstacles) > 1 else self.obstacles[0]
        if obstacle is not None:
            raise obstacle


async def test_it_starts_as_soon_as_the_other_process_lets_it_go(tmp_path, log_lines):
    web = configuration(tmp_path)
    starts = Starts(BeingCleared("web is being cleared by process 8"), None)
    left = LeftOut(starts)
    left.add(web, MOVED, is_usual=False)
    await asyncio.sleep(1.5 * PAUSE)
    assert starts.made == 1
    await asyncio.sleep(PAUSE * ATTEMPTS)
    assert starts.made == 2
    assert log_lines.told() == [str(MOVED)]


async def test_the_end_of_the_attempts_is_told(tmp_path, log_lines):
    starts = Starts(MOVED)
    LeftOut(starts).add(configuration(tmp_path), MOVED, is_usual=True)
    await asyncio.sleep(PAUSE * ATTEMPTS * 2)
    assert starts.made == ATTEMPTS
    assert log_lines.told() == [str(MOVED), f"{MOVED}; left out until the next reload"]


async def test_the_same_file_of_another_process_stays_there(tmp_path, log_lines):
    """Its process may be restarted: this one must not take the virtual host meanwhile."""
    web = configuration(tmp_path)
    starts = Starts(None)
    LeftOut(starts).add(web, AlreadyRunning("web", str(web.path)), is_usual=True)
    await asyncio.sleep(PAUSE * ATTEMPTS)
    assert (starts.made, log_lines.told()) == (0, ["web"])


async def test_a_file_whose_own_process_starts_again_stays_there(tmp_path, log_lines):
    web = configuration(tmp_path)
    starts = Starts(AlreadyRunning("web", str(web.path)))
    clearing = BeingCleared("web is being cleared by process 8")
    LeftOut(starts).add(web, clearing, is_usual=True)
    await asyncio.sleep(PAUSE * ATTEMPTS * 2)
    assert (starts.made, log_lines.told()) == (1, [str(clearing)])


async def test_a_reload_or_a_stop_ends_the_attempts(tmp_path):
    starts = Starts(MOVED)
    left = LeftOut(starts)
    left.add(configuration(tmp_path), MOVED, is_usual=False)
    await asyncio.sleep(1.5 * PAUSE)
    left.forget()
    await asyncio.sleep(PAUSE * ATTEMPTS)
    assert starts.made == 1
