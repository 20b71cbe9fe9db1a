"""Naming the processes that the scripts of stopped instances have left running."""

import asyncio

from ucarpd.linux.file_worker import FileWorker
from ucarpd.process.instance import Instance
from ucarpd.scripts import survivors

PATIENCE = 1.0
"""Seconds to look for them: a process that hangs in the kernel may hold up whoever looks at it."""

Found = dict[str, list[survivors.Survivor]]


class LeftRunning:
    """The stopped instances that have scripts, until their left-over processes have been logged.

    `files` looks at the processes.
    """

    def __init__(self, files: FileWorker) -> None:
        self._loop = asyncio.get_running_loop()
        self._files = files
        self._stopped: list[Instance] = []

    def stopped(self, instance: Instance) -> None:
        if instance.config.is_scripted:
            self._stopped.append(instance)

    async def log(self) -> None:
        """Look for the processes of all of them at once, beside the event loop."""
        stopped, self._stopped = self._stopped, []
        if not stopped:
            return
        found: asyncio.Future[Found] = self._loop.create_future()
        self._files.do(
            survivors.find, found.set_result, lambda _error: found.set_result({}), lambda: None
        )
        await asyncio.wait({found}, timeout=PATIENCE)
        for instance in stopped if found.done() else ():
            if processes := found.result().get(instance.config.name):
                instance.parts.log.left_running(processes)
