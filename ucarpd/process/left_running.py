"""Naming the processes that the scripts of stopped instances have left running."""

import asyncio

from ucarpd.linux.file_worker import FileWorker
from ucarpd.process.instance import Instance
from ucarpd.scripts import survivors

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
        looked: asyncio.Future[Found] = self._loop.create_future()

        def tell(found: Found) -> None:
            if not looked.done():
                looked.set_result(found)

        # A process that hangs in the kernel may hold up whoever looks at it.
        self._files.do(survivors.find, tell, lambda _error: tell({}), lambda: tell({}))
        found = await looked
        for instance in stopped:
            if processes := found.get(instance.config.name):
                instance.parts.log.left_running(processes)
