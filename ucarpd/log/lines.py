"""The way of every line: one root logger, and a moment of patience while there is work to do.

Where the lines go is the business of `output`.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ucarpd.log.message_ids import MESSAGE_ID_CONFIG_PROBLEM

AFTER_THE_WORK = 0.005
"""Seconds by which a line is written later: to write "MASTER" at once would take the time from
putting the address there.
"""

root = logging.getLogger("ucarpd")
"""All lines pass it; its name is the program's."""

_postponed: deque[Callable[[], None]] = deque()
_call_later: Callable[[float, Callable[[], None]], object] | None = None


def postpone(call_later: Callable[[float, Callable[[], None]], object] | None) -> None:
    """From now on write lines `AFTER_THE_WORK`, by the event loop's `call_later`; None: at once."""
    global _call_later  # noqa: PLW0603 - there is one log, as there is one root
    _flush()
    _call_later = call_later


def _flush() -> None:
    """Write what is postponed."""
    while _postponed:
        _postponed.popleft()()


def write(
    level: int,
    text: str,
    fields: Mapping[str, str] | None = None,
    facility: str = "daemon",
    error: BaseException | None = None,
) -> None:
    """One line; those that belong to one virtual host are written by its Journal."""
    extra = {"fields": fields or {}, "facility": facility}
    line = partial(root.log, level, "%s", text, extra=extra, exc_info=error)
    if _call_later is None:
        line()
        return
    if not _postponed:
        _call_later(AFTER_THE_WORK, _flush)
    _postponed.append(line)


def write_reloaded(counts: Mapping[str, int], refused: Sequence[str]) -> None:
    """The end of a reload: how many virtual hosts it has `changed`, `started` and so on, and the
    names of those whose files were refused.
    """
    told = [f"{n} {what}" for what, n in counts.items() if n or what == "changed"]
    if refused:
        told.append(f"{len(refused)} refused ({', '.join(refused)})")
    write(logging.WARNING if refused else logging.INFO, f"reloaded: {', '.join(told)}")


def write_problem(text: str) -> None:
    """A fault in a configuration file, already worded `FILE:LINE: KEY: …`."""
    write(logging.ERROR, text, {"MESSAGE_ID": MESSAGE_ID_CONFIG_PROBLEM})
