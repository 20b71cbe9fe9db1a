"""A worker whose jobs are done in the event loop's next turn, or never while it hangs."""

import asyncio
from contextlib import nullcontext


class FakeWorker:
    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self.hangs = False
        self._stuck = []

    def do(self, job, done, failed):
        if self.hangs:
            self._stuck.append((job, done, failed))
        else:
            self._loop.call_soon(self._carry_out, job, done, failed)

    def work_again(self):
        self.hangs = False
        stuck, self._stuck = self._stuck, []
        for each in stuck:
            self.do(*each)

    @property
    def stuck(self):
        return len(self._stuck)

    def _carry_out(self, job, done, failed):
        try:
            result = job()
        except OSError as error:
            failed(error)
        else:
            done(result)

    def held(self):
        return nullcontext()

    def end(self):
        pass

    async def finish(self, patience):
        await asyncio.sleep(0)
