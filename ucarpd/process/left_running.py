"""Naming the processes that the scripts of stopped instances have left running."""

import asyncio

from ucarpd.process.instance import Instance
from ucarpd.scripts import survivors


class LeftRunning:
    """The stopped instances that have scripts, until their left-over processes have been logged."""

    def __init__(self) -> None:
        self._stopped: list[Instance] = []

    def stopped(self, instance: Instance) -> None:
        if instance.config.is_scripted:
            self._stopped.append(instance)

    async def log(self) -> None:
        """Look for the processes of all of them at once, beside the event loop."""
        stopped, self._stopped = self._stopped, []
        try:
            found = await asyncio.to_thread(survivors.find) if stopped else {}
        except RuntimeError:  # No thread can be started.
            return
        for instance in stopped:
            if processes := found.get(instance.config.name):
                instance.left_running(processes)
