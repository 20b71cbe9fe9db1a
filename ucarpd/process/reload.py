"""The changes of a reload: the running virtual hosts, compared with the files as they are now."""

from collections.abc import Iterable
from typing import NamedTuple

from ucarpd.config import Config
from ucarpd.process.instance import Instance
from ucarpd.process.reading import Reading


class Changes(NamedTuple):
    """Instances whose file is gone, and others with the new configuration that they need.

    The instances of refused files are in none of the lists: they stay as they are.
    """

    gone: list[Instance]
    restarted: list[tuple[Instance, Config]]
    reconfigured: list[tuple[Instance, Config]]


def changes(running: Iterable[Instance], reading: Reading) -> Changes:
    """Compare the running instances with the files that have been read."""
    wanted = {each.name: each for each in reading.configs}
    found = Changes([], [], [])
    for instance in running:
        old, new = instance.config, wanted.get(instance.config.name)
        if reading.is_refused(old.path):
            continue
        if new is None:
            found.gone.append(instance)
        elif old.needs_restart(new):
            found.restarted.append((instance, new))
        elif old != new:
            found.reconfigured.append((instance, new))
    return found
