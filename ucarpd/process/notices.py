"""Running the operator's script at each event of a virtual host: UCARP_NOTIFYSCRIPT.

The scripts own nothing, and nothing waits for them.  For one virtual host they run one at a time, in
the order of the events.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from ucarpd.config import Config
from ucarpd.log.notice_messages import NoticeMessages
from ucarpd.process.instance import Instance
from ucarpd.record.happening import Happening
from ucarpd.scripts.queue import ScriptQueue
from ucarpd.scripts.runner import Hook

PATIENCE = 5.0
"""Seconds that the end of the process waits for the scripts."""

LONGEST_RUN = 30.0
"""Seconds that a script may run if UCARP_SCRIPT_TIMEOUT sets no limit, since others wait for it."""


class Notices:
    """A listener; `instance` returns the running instance of a name, or None."""

    def __init__(self, instance: Callable[[str], Instance | None]) -> None:
        self._instance = instance
        self._queues: dict[str, tuple[NoticeMessages, ScriptQueue]] = {}

    def tell(self, happening: Happening) -> None:
        """Run the script of this instance, if it has one, when its turn comes."""
        instance = self._instance(happening.instance)
        if instance is not None and (script := instance.config.notify_script) is not None:
            self._queue(instance.config).add(_hook(instance.config, script, happening))

    async def finish(self) -> None:
        """Wait for the scripts, but not for long; then end the ones still running."""
        await asyncio.gather(*(queue.finish(PATIENCE) for _, queue in self._queues.values()))

    def _queue(self, config: Config) -> ScriptQueue:
        if config.name not in self._queues:
            log = NoticeMessages(config.name, config.vhid, config.interface, config.facility)
            queue = ScriptQueue(log, lambda hook: log.notice_dropped(str(hook)))
            self._queues[config.name] = log, queue
        log, queue = self._queues[config.name]
        log.configure(config.vhid, config.interface, config.facility)
        return queue


def _hook(config: Config, script: Path, happening: Happening) -> Hook:
    environment = {
        **config.script_environment,
        "UCARP_EVENT": happening.event,
        "UCARP_STATE": happening.state,
        "UCARP_PREVIOUS_STATE": happening.previous,
        "UCARP_REASON": happening.reason,
        "UCARP_PEER": happening.peer,
        "UCARP_DEMOTION": str(happening.unfitness),
    }
    arguments = (happening.instance, str(happening.event), happening.state, happening.reason)
    timeout = config.script_timeout or LONGEST_RUN
    return Hook(happening.event, script, arguments, environment, timeout)
