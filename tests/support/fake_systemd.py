"""A systemd that starts and stops units at once, in virtual time, or when the test lets it."""

import asyncio
from functools import partial


class FakeSystemd:
    """Stands for the programs that `scripts.units` starts; `hangs` are the verbs that do not end."""

    def __init__(self, monkeypatch, units):
        self.asked = []
        self.hangs = set()
        self.status = 0
        self._pending = []
        monkeypatch.setattr(units, "Child", partial(_Run, self))

    def told(self):
        """The requests since the last call."""
        asked, self.asked = self.asked, []
        return asked

    def go_on(self):
        """End all that hang."""
        self.hangs.clear()
        pending, self._pending = self._pending, []
        for each in pending:
            each.end(0)

    def began(self, run):
        self.asked.append(run.asked)
        if run.asked.split()[0] in self.hangs:
            self._pending.append(run)
        else:
            asyncio.get_running_loop().call_soon(run.end, self.status)


class _Run:
    def __init__(self, systemd, start, ended, failed):
        words = start.args[0]
        self.asked = " ".join((words[2], *words[4:]))
        self._ended = ended
        self._is_over = False
        systemd.began(self)

    def end_after(self, seconds, timed_out):
        asyncio.get_running_loop().call_later(seconds, self.end, 143, True)

    def kill(self):
        asyncio.get_running_loop().call_soon(self.end, 137)

    def end(self, status, timed_out=False):
        if not self._is_over:
            self._is_over = True
            self._ended(status, timed_out)
